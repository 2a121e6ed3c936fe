"""Alerts to operators: somebody's payment did not come to its end, and a person should help. Nothing of the customer in it.

Each operator hears of a basket once an episode.
"""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopchat.carts.models import BasketWatch
from shopchat.channels.base import Outgoing
from shopchat.conversations import notifying
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.models import Delivery
from shopchat.operators.languages import language_of
from shopchat.operators.models import Operator
from shopchat.operators.roster import may_answer, people_who_may_answer

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
    able = Operator.objects.filter(user__in=people_who_may_answer()).select_related("user")
    operators = [operator for operator in able if notifying.can_reach(operator)]
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
    language = language_of(operator)
    with translation.override(language):
        subject, text = _words(watch)
    return Outgoing(to=notifying.address_of(delivery), subject=subject, text=text, key="", language=language)


def desk_link(watch: BasketWatch) -> str:
    """The basket at the desk, empty while the project does not say where its admin is."""
    base = str(getattr(settings, "WAGTAILADMIN_BASE_URL", "") or "").rstrip("/")
    return base + reverse("shopchat_desk:cart", args=[watch.pk]) if base else ""


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
    link = desk_link(watch)
    where = _("It is here: %(link)s") % {"link": link} if link else _("Open the desk to see it.")
    why = _("You get this because you answer customers. You can switch it off in your account, under “Chat”.")
    return _("A customer could not pay"), f"{says}\n\n{where}\n\n{why}\n"
