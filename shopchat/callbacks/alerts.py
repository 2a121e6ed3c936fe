"""Alerts to operators: a promise is about to be missed, or was. They say which one and by when, and nothing of the customer.

Each of them hears of a promise once before its time and once after it.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopchat.callbacks.access import SUPERVISE
from shopchat.callbacks.models import CallbackRequest
from shopchat.channels.base import Outgoing
from shopchat.conversations import notifying
from shopchat.conversations.alert_letters import alert_letter, where_it_is
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.models import Delivery
from shopchat.operators.models import Operator
from shopchat.operators.roster import may_answer, on_phone_duty, operator_for, people_who_may_answer, people_with

KIND = "callback_alert"
SOON, MISSED = "soon", "missed"


def register() -> None:
    """Teach the outbox this kind."""
    register_kind(
        Kind(
            name=KIND,
            label=gettext_lazy("Alert about a callback"),
            check=why_not,
            build=build,
            at_least_once=True,
            reasons={
                "over": gettext_lazy("Nobody has to be called any more."),
                "another_time": gettext_lazy("The callback has another time by now."),
                "no_operator": gettext_lazy("They may no longer answer customers."),
                **notifying.REASONS,
            },
        )
    )


def alert(request: CallbackRequest, operators: Iterable[Operator], stage: str, *, promised_until: datetime) -> int:
    """Tell these operators of this promise; answers how many can be told. Part of the caller's transaction."""
    return sum(
        bool(
            notifying.notify(
                operator,
                kind=KIND,
                purpose=purpose(request, stage, operator, promised_until=promised_until),
                conversation=request.conversation,
            )
        )
        for operator in operators
    )


def purpose(request: CallbackRequest, stage: str, operator: Operator, *, promised_until: datetime) -> str:
    """One for each operator, promise and stage."""
    return f"callback-alert:{request.number}:{_stamp(promised_until)}:{stage}:{operator.pk}"


def assignee_who_answers(request: CallbackRequest) -> Operator | None:
    """Whoever has it, as long as they may answer. Load the request with the assignee's user."""
    assignee = request.assignee
    return assignee if assignee is not None and may_answer(assignee.user) else None


def team() -> list[Operator]:
    """Operators on phone duty; where nobody is, all who may answer."""
    everybody = Operator.objects.filter(user__in=people_who_may_answer()).select_related("user")
    return list(on_phone_duty().select_related("user")) or list(everybody)


def supervisors() -> list[Operator]:
    """Who is told of missed promises, also if they have never been at the desk."""
    people = people_with(SUPERVISE)
    known = list(Operator.objects.filter(user__in=people).select_related("user"))
    return known + [operator_for(user) for user in people.exclude(pk__in=[one.user_id for one in known])]


def why_not(delivery: Delivery) -> str:
    """Why nobody wants this alert any more; empty while somebody does."""
    request, operator = _request_of(delivery), delivery.operator
    if request is None or not request.is_waiting():
        return "over"
    _word, _number, stamp, stage, _operator = delivery.purpose.split(":")[:5]
    if operator is None or not _is_concerned(operator, stage):
        return "no_operator"
    if stage == SOON and stamp != _stamp(request.promised_until):
        return "another_time"
    return notifying.why_not(delivery)


def build(delivery: Delivery) -> Outgoing:
    """The alert, in the operator's language."""
    request, operator = _request_of(delivery), delivery.operator
    if request is None or operator is None:
        raise LookupError("an alert about a callback without the request or an operator")
    stage = delivery.purpose.split(":")[3]
    return alert_letter(delivery, operator, lambda: _words(request, stage, timezone.now()))


def _is_concerned(operator: Operator, stage: str) -> bool:
    user = operator.user
    return bool(user.is_active and user.has_perm(SUPERVISE)) if stage == MISSED else may_answer(user)


def _stamp(promised_until: datetime) -> str:
    return f"{promised_until.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def _request_of(delivery: Delivery) -> CallbackRequest | None:
    number = delivery.purpose.split(":")[1]
    return CallbackRequest.objects.filter(number=number).first()


def _words(request: CallbackRequest, stage: str, at: datetime) -> tuple[str, str]:
    minutes = math.ceil((request.promised_until - at).total_seconds() / 60)
    about = {"number": request.readable_number, "minutes": minutes}
    if stage == MISSED:
        subject = _("Callback %(number)s was missed")
        says = _("Nobody called for callback %(number)s in time. The customer was told so, and was given another time.")
    else:
        subject = _("Callback %(number)s has to be made")
        says = _in_time(minutes)
    return subject % about, f"{says % about}\n\n{where_it_is('callback', request.number)}"


def _in_time(minutes: int) -> str:
    if minutes < 1:
        return _(
            "The time that was promised for callback %(number)s is over, and nobody has said what came of the call."
        )
    return ngettext(
        "Callback %(number)s is promised within %(minutes)s minute, and nobody has said that the customer was called.",
        "Callback %(number)s is promised within %(minutes)s minutes, and nobody has said that the customer was called.",
        minutes,
    )
