"""What a callback is to be about, when the page that asks for one knows it.

The page's link carries it signed: whoever reads a request at the desk may believe it, and nobody can have an order's number
or a product's name put there that the shop's own page did not print.
"""

from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer
from django.db.models import Model
from django.utils.translation import gettext as _

from shopchat.callbacks.models import CallbackRequest
from shopchat.stores.reading import configured_store
from shopchat_widget.callers import Caller

BASKET = "basket"  # needs no signature: it is always the asker's own
LABEL_MAX_LENGTH = 120
REF_MAX_LENGTH = 100
Kind = CallbackRequest.Subject


@dataclass(frozen=True)
class Subject:
    """A product, an order or the asker's basket. ``token`` is how a link and a form name it."""

    kind: str
    ref: str
    label: str
    token: str

    def __str__(self) -> str:
        """The subject in a form, in the active language."""
        if self.kind == Kind.BASKET:
            return _("My basket")
        if self.kind == Kind.ORDER:
            return _("Order %(number)s") % {"number": self.label}
        return self.label or _("This product")


def product_token(product: Any) -> str:
    """Names a product, given as the store's row of it or as any text. The same for everybody who sees the page.

    A row's title is taken, or that of its parent, as far as they were read already: a page pays no query for a link. Without
    either the page that asks tells the product.
    """
    ref = f"{configured_store().key}:{product.pk}" if isinstance(product, Model) else ""
    return _sign(Kind.PRODUCT, ref, _title(product))


def order_token(order: Any) -> str:
    """Names an order, given by its number or as the store's row of it."""
    number = str(getattr(order, "number", order))
    return _sign(Kind.ORDER, number, number)


def read(token: str, caller: Caller) -> Subject | None:
    """What a link or a form names, ``None`` for nothing, for a forged one, and for the basket of somebody without one."""
    if token == BASKET:
        ref = configured_store().current_basket(caller.request)
        return Subject(Kind.BASKET, ref, "", token) if ref else None
    try:
        kind, ref, label = _signer().unsign_object(token)
    except (BadSignature, ValueError):
        return None
    return Subject(kind, ref, label, token)


def _title(product: Any) -> str:
    # Not the words of the row itself: those of a variant in Oscar ask for its parent and its attributes.
    has_title = isinstance(product, Model) and hasattr(type(product), "title")
    if not has_title:
        return str(product)
    title = "" if "title" in product.get_deferred_fields() else str(product.title or "").strip()
    parent = product._state.fields_cache.get("parent")  # noqa: SLF001  (any other way to it may read the row)
    return title or (_title(parent) if parent else "")


def _sign(kind: str, ref: str, label: str) -> str:
    return _signer().sign_object([kind, ref[:REF_MAX_LENGTH], label.strip()[:LABEL_MAX_LENGTH]])


def _signer() -> Signer:
    return Signer(salt="shopchat_widget.subject")
