"""Moves topics in a process of its own: ``python elsewhere.py '{"DATABASES": …, "SHOPCHAT": …, "topics": […]}'``."""

import json
import sys

import django
from django.conf import settings

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    settings.configure(DATABASES=given["DATABASES"], SHOPCHAT=given["SHOPCHAT"], USE_TZ=True)
    django.setup()

    from django.db import transaction

    from shopchat.live.moving import move
    from tests.live.bus.contract import write

    with transaction.atomic():
        write()
        move(given["topics"])
