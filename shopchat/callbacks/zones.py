"""The time zone that a customer's browser named when they asked to be called."""

from shopchat.callbacks.models import CallbackRequest
from shopchat.contacts.models import Contact
from shopchat.touches.zones import register_source


def register() -> None:
    """Let the ledger of touches ask."""
    register_source("callbacks", latest_zone)


def latest_zone(contact: Contact) -> str:
    """That of the contact's latest request, else empty."""
    told = CallbackRequest.objects.filter(contact=contact).exclude(time_zone="")
    return told.order_by("-pk").values_list("time_zone", flat=True).first() or ""
