"""Customers who come back to the shop with a basket: whose it is, what is in it now, and what they say about it."""

from collections.abc import Mapping

from django.http import HttpRequest
from django.utils.translation import gettext as _

from shopchat.carts import offering
from shopchat.carts.models import BasketWatch
from shopchat.core.tokens import digest
from shopchat.stores.base import BasketRef, BasketView, State, user_id_of
from shopchat.stores.reading import configured_store
from shopchat.visitors.recognition import new_start
from shopchat_widget.callers import Caller, host_of
from shopchat_widget.sending import Sent, send

Why = BasketWatch.Why
TITLES = 5


def waiting(request: HttpRequest) -> BasketWatch | None:
    """The basket about which something may be offered to whoever sent this. At most one query beside the log-in's own two.

    An account's basket is looked up by the account, so that the shop is not asked: each page of the shop asks this.
    """
    user_id = user_id_of(request)
    refs = () if user_id else configured_store().baskets_at_hand(request)
    return offering.waiting(refs=refs, user_id=user_id, hostname=host_of(request))


def own(request: HttpRequest) -> BasketWatch | None:
    """Their newest basket, whatever was offered."""
    user_id = user_id_of(request)
    return offering.of_customer(refs=configured_store().baskets_at_hand(request), user_id=user_id)


def contents(watch: BasketWatch | None, request: HttpRequest) -> BasketView | None:
    """What is in it now, at the prices of this customer; ``None`` for an empty one, and one that is over."""
    if watch is None:
        return None
    ref = BasketRef(watch.ref)
    view = configured_store().baskets([ref], request=request, images=True).get(ref)
    return view if view and view.lines and view.state in (State.OPEN, State.IN_PAYMENT) else None


def titles(view: BasketView) -> str:
    """The lines in a few words, such as "Tent × 2, Stove"."""
    named = [line.title if line.quantity == 1 else f"{line.title} × {line.quantity}" for line in view.lines[:TITLES]]
    return ", ".join(named) + (", …" if len(view.lines) > TITLES else "")


def titles_of(request: HttpRequest) -> str:
    """What is in the basket in their hands in a few words, empty without one."""
    view = contents(own(request), request)
    return titles(view) if view else ""


def say(caller: Caller, watch: BasketWatch, view: BasketView | None, what: str) -> Sent:
    """A message in the customer's name that says what they tapped: operators see who waits, and the customer what was said.

    The same tap twice is one message. Raises what :func:`~shopchat_widget.sending.send` raises.
    """
    text = _sentences()[what] + (f"\n{titles(view)}" if view else "")
    known = caller.contact or caller.user.is_authenticated
    fields = {
        "text": text,
        "client_id": f"basket-{watch.pk}-{watch.episode}-{digest(text)[:16]}",
        "start": "" if known else new_start(),
    }
    return send(caller, fields)


def _sentences() -> Mapping[str, str]:
    return {
        Why.ADVICE: _("I would like advice about what is in my basket."),
        Why.PRICE: _("I have a question about the price of what is in my basket."),
        Why.PAYMENT: _("I have a question about paying."),
        "help": _("My payment was not completed. Please help me."),
    }
