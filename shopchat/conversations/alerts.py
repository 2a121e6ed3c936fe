"""Alerts to operators when a customer has been waiting for too long, by whatever ways they have: see ``notifying``.

To whoever has the conversation, else to everybody who may answer and wants it; once for each operator and each time a
customer begins to wait. Not to somebody who sits at the desk and has read what waits. The mail says which conversation
and for how long, and nothing that the customer wrote.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from shopchat.channels.base import Outgoing
from shopchat.conversations import notifying
from shopchat.conversations.alert_letters import alert_letter, desk_link
from shopchat.conversations.kinds import Kind, register_kind
from shopchat.conversations.models import Conversation, Delivery, Receipt
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import PRESENT_FOR, Operator
from shopchat.operators.roster import may_answer

KIND = "operator_alert"
# After a long silence of the worker nobody wants to hear of last week.
WINDOW = timedelta(days=1)


def register() -> None:
    """Teach the outbox this kind."""
    register_kind(
        Kind(
            name=KIND,
            label=gettext_lazy("Alert to an operator"),
            check=why_not,
            build=build,
            at_least_once=True,
            reasons={
                "answered": gettext_lazy("The customer no longer waits."),
                "taken": gettext_lazy("Somebody else has the conversation now."),
                "no_operator": gettext_lazy("They may no longer answer customers."),
                **notifying.REASONS,
            },
        )
    )


def alert_operators(*, now: datetime | None = None) -> int:
    """Put an alert into the outbox for whoever is to know and has not been told; answers how many."""
    at = now or timezone.now()
    return sum(_alert_in(inbox, at) for inbox in Inbox.objects.filter(alert_after_minutes__gt=0))


def why_not(delivery: Delivery) -> str:
    """Why nobody wants this alert any more; empty while somebody does."""
    conversation, operator = delivery.conversation, delivery.operator
    if conversation is None or operator is None or not may_answer(operator.user):
        return "no_operator"
    if not conversation.is_open() or _occasion(delivery) != _purpose(conversation, operator):
        return "answered"
    if operator not in _concerned(conversation, [operator]):
        return "taken"
    if not conversation.inbox.alert_after_minutes:
        return "switched_off"
    return notifying.why_not(delivery)


def build(delivery: Delivery) -> Outgoing:
    """The mail, in the operator's language."""
    conversation, operator = delivery.conversation, delivery.operator
    assert conversation is not None and operator is not None and conversation.waiting_since is not None  # noqa: PT018
    minutes = int((timezone.now() - conversation.waiting_since).total_seconds() // 60)
    return alert_letter(delivery, operator, lambda: _words(conversation, minutes))


def _alert_in(inbox: Inbox, at: datetime) -> int:
    since = at - timedelta(minutes=inbox.alert_after_minutes)
    waiting = inbox.conversations.waiting().filter(waiting_since__lte=since, waiting_since__gt=since - WINDOW)
    conversations = list(waiting.select_related("assignee__user").order_by("waiting_since"))
    if not conversations:
        return 0
    queued = Delivery.objects.filter(kind=KIND, conversation__in=conversations).values_list("purpose", "channel")
    told = {notifying.occasion(purpose, channel) for purpose, channel in queued}
    operators = notifying.reachable()
    reading = _reading(conversations, operators, at)
    untold = [
        (conversation, operator, purpose)
        for conversation in conversations
        for operator in _concerned(conversation, operators)
        if (purpose := _purpose(conversation, operator)) not in told and (conversation.pk, operator.pk) not in reading
    ]
    with transaction.atomic():  # one, so that the worker is woken once
        for conversation, operator, purpose in untold:
            notifying.notify(operator, kind=KIND, purpose=purpose, conversation=conversation)
    return len(untold)


def _concerned(conversation: Conversation, operators: list[Operator]) -> list[Operator]:
    """Whoever has it, as long as they may answer; else everybody."""
    assignee = conversation.assignee
    if assignee is None or not may_answer(assignee.user):
        return operators
    return [operator for operator in operators if operator == assignee]


def _reading(conversations: list[Conversation], operators: Iterable[Operator], at: datetime) -> set[tuple[int, int]]:
    """Pairs of conversations and operators who are at the desk and have read all that the customer wrote."""
    present = Operator.objects.present(at=at, within=PRESENT_FOR).filter(pk__in=[operator.pk for operator in operators])
    read = Receipt.objects.filter(reader=Receipt.Reader.OPERATOR, state=Receipt.State.READ, operator__in=present)
    up_to_date = read.filter(conversation__in=conversations, up_to__gte=F("conversation__last_inbound_seq"))
    return set(up_to_date.values_list("conversation_id", "operator_id"))


def _purpose(conversation: Conversation, operator: Operator) -> str:
    """One for each operator and each time that the customer began to wait."""
    since = conversation.waiting_since
    moment = f"{since.astimezone(UTC):%Y%m%dT%H%M%S.%f}" if since else "no-more"
    return f"operator-alert:{conversation.number}:{moment}:{operator.pk}"


def _occasion(delivery: Delivery) -> str:
    return notifying.occasion(delivery.purpose, delivery.channel)


def _words(conversation: Conversation, minutes: int) -> tuple[str, str]:
    about = {"number": conversation.readable_number, "minutes": minutes}
    waits = ngettext(
        "Conversation %(number)s has been waiting for an answer for %(minutes)s minute.",
        "Conversation %(number)s has been waiting for an answer for %(minutes)s minutes.",
        minutes,
    )
    link = desk_link("conversation", conversation.number)
    answer = _("Answer it here: %(link)s") % {"link": link} if link else _("Open the desk to answer it.")
    subject = _("A customer is waiting: conversation %(number)s") % about
    return subject, f"{waits % about}\n\n{answer}"
