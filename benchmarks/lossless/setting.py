"""Django in the processes of this benchmark."""

import os

import django


def set_up() -> None:
    """With the shop's settings, once."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.shop.settings")
    django.setup()
