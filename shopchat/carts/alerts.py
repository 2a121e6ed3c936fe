"""Alerts to operators: somebody's payment did not come to its end, and a person should help. Nothing of the customer in it.

Each operator hears of a basket once an episode.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopchat.carts.models import BasketWatch
from shopchat.channels.base import Outgoing
from shopchat.conversations import notifying
from shopchat.conversations.alert_letters import alert_letter, where_it_is
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.models import Delivery
from shopchat.operators.models import Operator
from shopchat.operators.roster import may_answer

KIND = "basket_alert"


def register() -> None:
    """Teach the outbox this kind."""
    register_kind(
        Kind(
            name=KIND,
            label=gettext_lazy("Alert about a payment"),
            check=why_not,
            build=build,
            at_least_once=True,
            reasons={
                "over": gettext_lazy("Nobody has to help any more."),
                "taken": gettext_lazy("Somebody else helps already."),
                "no_operator": gettext_lazy("They may no longer answer customers."),
                **notifying.REASONS,
            },
        )
    )


def alert(watches: Sequence[BasketWatch]) -> int:
    """Tell all operators who can be told that these customers need help; answers how many alerts there are."""
    wanted = [watch for watch in watches if watch.needs_a_person()]
    if not wanted:
        return 0
    operators = notifying.reachable()
    with transaction.atomic():  # one, so that the worker is woken once
        return sum(
            notifying.notify(operator, kind=KIND, purpose=_purpose(watch, operator), conversation=None)
            for watch in wanted
            for operator in operators
        )


def why_not(delivery: Delivery) -> str:
    """Why nobody wants this alert any more; empty while somebody does."""
    watch, operator = _watch_of(delivery), delivery.operator
    if watch is None or not watch.needs_a_person():
        return "over"
    if operator is None or not may_answer(operator.user):
        return "no_operator"
    if watch.helped_by_id not in (None, operator.pk):
        return "taken"
    return notifying.why_not(delivery)


def build(delivery: Delivery) -> Outgoing:
    """The alert, in the operator's language."""
    watch, operator = _watch_of(delivery), delivery.operator
    if watch is None or operator is None:
        raise LookupError("an alert about a basket without the basket or an operator")
    return alert_letter(delivery, operator, lambda: _words(watch))


def _purpose(watch: BasketWatch, operator: Operator) -> str:
    """One for each operator and episode."""
    return f"basket-help:{watch.pk}:{watch.episode}:{operator.pk}"


def _watch_of(delivery: Delivery) -> BasketWatch | None:
    pk = delivery.purpose.split(":")[1]
    watch: BasketWatch | None = BasketWatch.objects.filter(pk=pk).first()
    return watch


def _words(watch: BasketWatch) -> tuple[str, str]:
    if watch.reason == "declined":
        says = _("A customer’s payment was declined. Perhaps you can help with it.")
    else:
        says = _("A customer began to pay and did not come to an end. Perhaps you can help with it.")
    return _("A customer could not pay"), f"{says}\n\n{where_it_is('cart', watch.pk)}"
