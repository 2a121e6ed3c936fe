"""What a site does about baskets that are left, also where nobody has set anything."""

from collections.abc import Mapping
from datetime import timedelta

from shopchat.carts.models import CartRules, CartStep
from shopchat.inboxes.models import Inbox

# Number, minutes since the last change, whether it is on.
DEFAULT_STEPS = ((1, 60, True), (2, 24 * 60, True), (3, 72 * 60, False))


def rules_of(inbox: Inbox) -> CartRules:
    """The rules of this site; unsaved ones with the defaults where there are none."""
    found: CartRules | None = getattr(inbox, "cart_rules", None)
    return found or CartRules(inbox=inbox)


def all_rules() -> Mapping[int, CartRules]:
    """The rules of every site by the id of its inbox, in one query. Missing ones: the defaults."""
    return {rules.inbox_id: rules for rules in CartRules.objects.select_related("inbox")}


def steps_of(rules: CartRules) -> list[CartStep]:
    """The reminders in their order; unsaved ones with the defaults where there are none."""
    saved = list(rules.steps.all()) if rules.pk else []
    return saved or [
        CartStep(rules=rules, number=number, delay_minutes=minutes, is_active=is_active)
        for number, minutes, is_active in DEFAULT_STEPS
    ]


def idle_after(rules: CartRules) -> timedelta:
    """How long after the last change a basket is idle."""
    return timedelta(minutes=rules.idle_minutes)


def left_after(rules: CartRules) -> timedelta:
    """How long after the last change a basket counts as left; never before it is idle."""
    return timedelta(minutes=max(rules.abandoned_minutes, rules.idle_minutes))


def interrupted_after(rules: CartRules) -> timedelta:
    """How long a payment may take."""
    return timedelta(minutes=rules.payment_minutes)


def given_up_after(rules: CartRules) -> timedelta:
    """How long after the last change nothing is expected of a basket any more."""
    return max(timedelta(days=rules.expire_days), left_after(rules))
