"""Loads everything, in the order in which things need one another. Running it again adds only what is missing."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import transaction
from haystack.management.commands.update_index import Command as UpdateIndex
from haystack.query import SearchQuerySet

from example_site.demo.calls import load_calls
from example_site.demo.carts import load_carts
from example_site.demo.catalogue import draw_missing_picture, load_catalogue
from example_site.demo.chat import load_chat
from example_site.demo.orders import load_orders
from example_site.demo.people import load_people
from example_site.demo.site_pages import load_pages


def load(say: Callable[[str], object]) -> None:
    # The index follows every saved product; here it is written once, at the end.
    haystack: Any = apps.get_app_config("haystack")
    haystack.signal_processor.teardown()
    with transaction.atomic():
        people = load_people()
        say(f"People: {len(people)}")
        draw_missing_picture()
        products = load_catalogue()
        say(f"New products: {products}")
        say(f"New orders: {load_orders(people)}")
        say(f"New pages: {load_pages()}")
        say(f"New conversations: {load_chat(people)}")
        say(f"New callback requests: {load_calls(people)}")
    # For itself: what the store tells of its baskets is written down when they are there.
    say(f"New baskets: {load_carts(people)}")
    haystack.signal_processor.setup()
    if products or not _is_indexed():
        # By class: Wagtail has a command of the same name.
        call_command(UpdateIndex(), "catalogue", verbosity=0)
        say("Search index: ready")


def _is_indexed() -> bool:
    """Whether the search index was written; Oscar's catalogue pages are read from it."""
    return bool(SearchQuerySet().count())
