"""What happens to a request, as lines of the conversation it belongs to.

Each line moves the conversation, so that browsers of both sides learn of every change of a request by the way they
already listen on. Customers read what they were promised and what became of it; who did it is for operators.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks import moments, telling
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.results import Result
from shopchat.conversations import events
from shopchat.conversations.models import Message
from shopchat.core.tokens import digest
from shopchat.operators.models import Operator

# Both sides read these.
ASKED = telling.ASKED
MOVED = telling.MOVED
CANCELLED = "callback_off"
UNREACHED = "callback_tried"
MISSED = "callback_late"
DONE = "callback_done"

# Only operators read these.
TAKEN = "callback_taken"
RELEASED = "callback_free"
GIVEN = "callback_given"
CALLED = "callback_called"
DUE = "callback_due"
WARNED = "callback_soon"
OVERDUE = "callback_overdue"

Outcome = CallAttempt.Outcome
UNANSWERED = (Outcome.NO_ANSWER, Outcome.BUSY)
# After so many missed promises the line says that this has gone up, and after more of them nothing any more.
GONE_UP = 3


def happened(
    request: CallbackRequest,
    event: str,
    *,
    at: datetime,
    operator: Operator | None = None,
    click: str = "",
    **told: Any,
) -> Message:
    """Write the line about ``event`` as the request stands now. Call it in the transaction that changed the request.

    Where the customer has left an address, promises and calls that did not reach them are told by mail as well.

    ``told`` is what the words of this event need beside: plain JSON, nothing that a customer wrote. ``click`` is the id of
    the form that caused it, where that has to be known again.
    """
    details = {
        "number": request.number,
        "asap": request.is_asap,
        "from": request.due_at.isoformat(),
        "until": request.promised_until.isoformat(),
        "zone": request.time_zone,
        **told,
    }
    line = events.record(
        request.conversation,
        event,
        at=at,
        operator=operator,
        details=details,
        client_id=click_id(click) if click else "",
    )
    if kind := _mail(line):
        telling.tell(kind, request, line)
    return line


def click_id(client_id: str) -> str:
    """The id of the line that a form writes."""
    return f"callback.{digest(client_id)[:40]}"


def register() -> None:
    """Teach the log the words of all of these."""
    for event, words in _PUBLIC.items():
        events.register_event(event, words)
    for event, words in _PRIVATE.items():
        events.register_event(event, words, private=True)


def _mail(line: Message) -> str:
    """The kind of the mail that says the same, empty where the line is enough."""
    if line.event == DONE:
        return telling.UNREACHED if line.details.get("outcome") in UNANSWERED else ""
    return {
        ASKED: telling.CONFIRMED,
        MOVED: telling.CONFIRMED,
        UNREACHED: telling.UNREACHED,
        MISSED: telling.MISSED,
    }.get(line.event, "")


def _asked(message: Message) -> str:
    return _("Callback %(number)s: we will call you %(when)s.") % _about(message)


def _moved(message: Message) -> str:
    return _("Callback %(number)s has another time: we will call you %(when)s.") % _about(message)


def _cancelled(message: Message) -> str:
    return _("Callback %(number)s was cancelled. We will not call.") % _about(message)


def _unreached(message: Message) -> str:
    return _("We called you and could not reach you. We will try again %(when)s.") % _about(message)


def _missed(message: Message) -> str:
    if message.details.get("misses", 1) >= GONE_UP:
        return _(
            "We are sorry: once more we did not call you in time. The head of the team has been told. "
            "We will call you %(when)s. You can also write to us here."
        ) % _about(message)
    return _("We are sorry: we did not call you in time. We will call you %(when)s.") % _about(message)


def _done(message: Message) -> str:
    sentences = {
        Outcome.TALKED: _("We spoke on the phone: callback %(number)s is done."),
        Outcome.REFUSED: _("You asked us not to call: callback %(number)s is closed."),
        Outcome.WRONG_NUMBER: _(
            "We could not reach you: the number seems to be wrong. "
            "Ask for a callback with another number, or write to us here."
        ),
    }
    unreached = _(
        "We called you and could not reach you. We will not call again by ourselves: "
        "ask for another callback whenever it suits you, or write to us here."
    )
    return sentences.get(message.details.get("outcome", ""), unreached) % _about(message)


def _taken(message: Message) -> str:
    return _("%(name)s took callback %(number)s") % _about(message)


def _released(message: Message) -> str:
    return _("%(name)s gave callback %(number)s back to the queue") % _about(message)


def _given(message: Message) -> str:
    return _("%(name)s gave callback %(number)s to %(to)s") % {**_about(message), "to": message.details.get("to", "")}


def _called(message: Message) -> str:
    outcome, result = message.details.get("outcome", ""), message.details.get("result", "")
    about = {**_about(message), "outcome": _label(Outcome, outcome), "result": _label(Result, result)}
    if result:
        return _("%(name)s called for callback %(number)s: %(outcome)s, %(result)s") % about
    if message.details.get("again"):
        return _("%(name)s called for callback %(number)s: %(outcome)s. Next call %(when)s.") % about
    return _("%(name)s called for callback %(number)s: %(outcome)s") % about


def _due(message: Message) -> str:
    return _("It is time for callback %(number)s, promised %(when)s.") % _about(message)


def _warned(message: Message) -> str:
    minutes = message.details.get("minutes", 0)
    return ngettext(
        "Nobody has called for callback %(number)s, and %(minutes)s minute is left.",
        "Nobody has called for callback %(number)s, and %(minutes)s minutes are left.",
        minutes,
    ) % {**_about(message), "minutes": minutes}


def _overdue(message: Message) -> str:
    return _("Callback %(number)s was missed once more. It is now promised %(when)s.") % _about(message)


def _about(message: Message) -> dict[str, Any]:
    details = message.details
    begins_at, until = datetime.fromisoformat(details["from"]), datetime.fromisoformat(details["until"])
    return {
        "number": f"C-{details['number']}",
        "when": moments.promised(begins_at, until, details["zone"], asap=details["asap"]),
        "name": message.operator.public_name if message.operator else _("An operator"),
    }


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


_PUBLIC: dict[str, Callable[[Message], str]] = {
    ASKED: _asked,
    MOVED: _moved,
    CANCELLED: _cancelled,
    UNREACHED: _unreached,
    MISSED: _missed,
    DONE: _done,
}
_PRIVATE: dict[str, Callable[[Message], str]] = {
    TAKEN: _taken,
    RELEASED: _released,
    GIVEN: _given,
    CALLED: _called,
    DUE: _due,
    WARNED: _warned,
    OVERDUE: _overdue,
}
