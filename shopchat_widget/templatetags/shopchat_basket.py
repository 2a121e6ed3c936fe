"""Figures of baskets: prices, alone and for several."""

from django import template

from shopchat.core.money import Money, format_money

register = template.Library()


@register.filter
def money(amount: Money | None) -> str:
    """A price as the reader's language writes it, empty when it cannot be told. Put it into ``<bdi>``."""
    return "" if amount is None else format_money(amount)


@register.filter
def times(amount: Money | None, quantity: int) -> Money | None:
    """The price of several."""
    return None if amount is None else amount * quantity
