"""What Saleor tells, turned into plain data.

The id of a checkout is a secret: whoever has it reads the checkout with its e-mail address. So our refs, which stand in
lists and addresses, hold it encrypted, the same id always alike.
"""

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.core.money import Money, total
from shopchat.stores.base import (
    BasketRef,
    BasketView,
    LineView,
    OrderLineView,
    OrderView,
    Person,
    ProductCard,
    ProductRef,
    State,
)

KEY = "saleor"
CHECKOUT = "Checkout"
PURPOSE = b"shopchat.stores.saleor.1"
CANCELLED = {"CANCELED", "EXPIRED", "RETURNED", "REMOVED"}

Row = Mapping[str, Any]


class Unreadable(ValueError):
    """Saleor told something that is not what it was asked for."""


def basket_ref(checkout_id: str) -> BasketRef:
    """Our name of a checkout. Raises :class:`Unreadable`."""
    sealed = _ciphers()[0].encrypt(_uuid(checkout_id).bytes, None)
    return BasketRef(f"{KEY}:{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}")


def checkout_id(ref: BasketRef) -> str | None:
    """The checkout that a ref names; ``None`` for what is none of ours, or was made with a key that is gone."""
    key, _sep, text = ref.partition(":")
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if key == KEY else b""
    except ValueError:
        return None
    for cipher in _ciphers() if sealed else []:
        try:
            plain = cipher.decrypt(sealed, None)
        except (InvalidTag, ValueError):
            continue
        return base64.b64encode(f"{CHECKOUT}:{uuid.UUID(bytes=plain)}".encode()).decode()
    return None


def basket_view(row: Row, product_url: str = "") -> BasketView:
    """``product_url``: an address with ``{slug}`` in it, else empty."""
    lines = tuple(_line_view(line, product_url) for line in row.get("lines") or ())
    return BasketView(
        ref=basket_ref(str(row.get("id"))),
        state=State.IN_PAYMENT if _is_paid_for(row) else State.OPEN,
        last_activity=moment(row.get("updatedAt")),
        person=_account(row.get("user")),
        lines=lines,
        total=total(line.unit_price and line.unit_price * line.quantity for line in lines),
        vouchers=(str(row["voucherCode"]),) if row.get("voucherCode") else (),
    )


def order_view(row: Row) -> OrderView:
    account = _account(row.get("user"))
    status = str(row.get("status") or "")
    return OrderView(
        number=str(row.get("number") or ""),
        placed_at=moment(row.get("created")),
        status=status,
        person=Person(account.user_id, account.email or row.get("userEmail")),
        total=_money(_within(row, "total", "gross")),
        lines=tuple(_order_line(line) for line in row.get("lines") or ()),
        basket=basket_ref(str(row["checkoutId"])) if row.get("checkoutId") else None,
        is_cancelled=status in CANCELLED,
        vouchers=(str(row["voucherCode"]),) if row.get("voucherCode") else (),
    )


def product_card(row: Row, product_url: str, *, images: bool = False) -> ProductCard:
    return ProductCard(
        ref=ProductRef(f"{KEY}:{row.get('id')}"),
        title=str(row.get("name") or ""),
        url=_url(row, product_url) or "",
        image_url=_within(row, "thumbnail").get("url") if images else None,
        price=_money(_within(row, "pricing", "priceRange", "start", "gross")),
        in_stock=bool(row.get("isAvailable")),
    )


def is_account(user_id: str) -> bool:
    """Whether that is an account of Saleor, and not one of this site."""
    try:
        return base64.b64decode(user_id, validate=True).startswith(b"User:")
    except ValueError:
        return False


def moment(value: Any) -> datetime:
    """A moment as Saleor writes it. Raises :class:`Unreadable`."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unreadable("no moment")
    return found


def _line_view(line: Row, product_url: str) -> LineView:
    variant = _within(line, "variant")
    product = _within(variant, "product")
    note = _objection(line.get("problems") or (), bool(variant))
    return LineView(
        key=str(line.get("id")),
        product=ProductRef(f"{KEY}:{variant.get('id')}"),
        title=_title(str(product.get("name") or ""), variant),
        quantity=int(line.get("quantity") or 0),
        url=_url(product, product_url),
        unit_price=_money(_within(line, "unitPrice", "gross")),
        purchasable=not note,
        note=note,
    )


def _objection(problems: Iterable[Row], is_there: bool) -> str:
    """Why this quantity cannot be bought; empty where it can, and where nobody asked."""
    for problem in problems:
        if problem.get("availableQuantity"):
            return ngettext("Only %(count)s left.", "Only %(count)s left.", problem["availableQuantity"]) % {
                "count": problem["availableQuantity"]
            }
        if "availableQuantity" in problem:
            return _("Out of stock.")
        return _("No longer on sale.")
    return "" if is_there else _("No longer on sale.")


def _title(name: str, variant: Row) -> str:
    """A variant without a name of its own is called by its id."""
    own = variant.get("name")
    return f"{name} ({own})" if own and own not in (variant.get("id"), name) else name


def _order_line(line: Row) -> OrderLineView:
    name, variant = str(line.get("productName") or ""), str(line.get("variantName") or "")
    title = f"{name} ({variant})" if variant and variant != name else name
    return OrderLineView(title=title, quantity=int(line.get("quantity") or 0))


def _url(product: Row, template: str) -> str | None:
    slug = product.get("slug")
    return template.replace("{slug}", str(slug)) if template and slug else None


def _account(user: Any) -> Person:
    """Whoever typed an address into a checkout has not proven it; an account has."""
    return Person(str(user["id"]), user.get("email")) if isinstance(user, Mapping) and user.get("id") else Person()


def _is_paid_for(row: Row) -> bool:
    """Saleor may make an order of it by itself later, so it is not left."""
    return any(row.get(name) not in (None, "NONE") for name in ("chargeStatus", "authorizeStatus"))


def _money(row: Row) -> Money | None:
    try:
        return Money(Decimal(str(row["amount"])), str(row["currency"]))
    except (KeyError, InvalidOperation, ValueError):
        return None


def _within(row: Any, *names: str) -> Row:
    """What lies that deep; empty where anything on the way is missing."""
    for name in names:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row if isinstance(row, Mapping) else {}


def _uuid(global_id: str) -> uuid.UUID:
    try:
        kind, _sep, value = base64.b64decode(global_id, validate=True).decode().partition(":")
        if kind == CHECKOUT:
            return uuid.UUID(value)
    except ValueError:
        pass
    raise Unreadable("no checkout")


def _ciphers() -> Sequence[AESSIV]:
    """Today's key first, then the former ones. SIV: no nonce, so that the same id is always the same ref."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [AESSIV(HKDF(SHA256(), 64, salt=None, info=PURPOSE).derive(str(key).encode())) for key in keys]
