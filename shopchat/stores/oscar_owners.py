"""Binding a voucher of Oscar's to one account, with what Oscar has for it: a condition of an offer.

Whose it is stands in the code itself, as a keyed hash of the account: nothing about a person is stored in the shop's tables,
and one row of a condition serves all vouchers from the same amount on. Whoever knows the code but has another account, or
none, gets no discount by it.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac
from django.utils.translation import gettext as _
from oscar.core.loading import get_class, get_model

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another; 32, so that a byte falls evenly on them
RANDOM, MARK = 8, 4  # a stranger's account fits a code by chance once in a million


def new_code(user_id: str) -> str:
    """A code for this account alone."""
    random = get_random_string(RANDOM, LETTERS)
    return random + _mark(random, user_id, settings.SECRET_KEY)


def is_for(code: str, user_id: str) -> bool:
    """Whether :func:`new_code` made it for this account, also under former keys, as long as Django knows them."""
    random, mark = code[:RANDOM].upper(), code[RANDOM:].upper()
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(mark, _mark(random, user_id, key)) for key in keys)


def condition_from(amount: Decimal, everything: Any) -> Any:
    """The condition of offers for one account from this amount on; the same row for all of them."""
    values = {"value": amount, "range": everything}
    return _ours().filter(**values).order_by("pk").first() or _ours().create(proxy_class=_path(), **values)


def disown() -> None:
    """Let Oscar find a condition of its own where ours is, for offers of vouchers that were used or are in payment."""
    _ours().update(proxy_class=None, type="Value")


def _ours() -> Any:
    return get_model("offer", "Condition").objects.filter(proxy_class=_path())


def _path() -> str:
    return f"{__name__}.{OwnersBasket.__name__}"


class OwnersBasket:
    """What Oscar makes of such a row: its condition on the worth of a basket, for the basket of the code's account.

    No model, though it stands for one: another model in Oscar's app would be one that ``makemigrations`` wants to add there.
    """

    def __init__(self, **fields: Any) -> None:
        self._worth = get_class("offer.conditions", "ValueCondition")(**fields)

    def __getattr__(self, name: str) -> Any:
        if name == "_worth":  # being copied
            raise AttributeError(name)
        return getattr(self._worth, name)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the dashboard shows where staff choose a condition."""
        return _("%(condition)s; only for the account that the code was made for") % {"condition": self._worth.name}

    @property
    def description(self) -> str:
        """The same; may hold markup."""
        return _("%(condition)s; only for the account that the code was made for") % {
            "condition": self._worth.description
        }

    def is_satisfied(self, offer: Any, basket: Any) -> bool:
        return _is_owners(offer, basket) and bool(self._worth.is_satisfied(offer, basket))

    def is_partially_satisfied(self, offer: Any, basket: Any) -> bool:
        return _is_owners(offer, basket) and bool(self._worth.is_partially_satisfied(offer, basket))

    def get_upsell_message(self, offer: Any, basket: Any) -> Any:
        return self._worth.get_upsell_message(offer, basket) if _is_owners(offer, basket) else None


def _is_owners(offer: Any, basket: Any) -> bool:
    owner = basket.owner_id
    return owner is not None and any(is_for(code, str(owner)) for code in _codes(offer))


def _codes(offer: Any) -> Iterator[str]:
    """Of the voucher through which the offer came to the basket; where Oscar does not say which, of all that have it."""
    voucher = offer.get_voucher()
    if voucher is not None:
        yield voucher.code
    elif offer.pk:
        yield from offer.vouchers.values_list("code", flat=True)


def _mark(random: str, user_id: str, key: str | bytes) -> str:
    mac = salted_hmac("shopchat.stores.vouchers", f"{random}\n{user_id}", secret=key, algorithm="sha256").digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in mac[:MARK])
