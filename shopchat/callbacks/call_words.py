"""What people read about a call that a provider makes."""

from datetime import datetime

from django.utils.translation import gettext as _

from shopchat.callbacks.models import CallAttempt
from shopchat.conversations import events
from shopchat.conversations.models import Message

CALLED = "callback_call"

Progress = CallAttempt.Progress


def register() -> None:
    """Teach the log our line. Customers do not see it."""
    events.register_event(CALLED, _words, private=True)


def tell(attempt: CallAttempt, *, at: datetime) -> None:
    """Write the line about the attempt as it stands now, so that desks that show it learn of it. In a transaction."""
    details = {
        "number": attempt.request.readable_number,
        "progress": str(attempt.progress),
        "reason": attempt.reason,
        "seconds": attempt.duration_seconds,
    }
    events.record(attempt.request.conversation, CALLED, at=at, operator=attempt.operator, details=details)


def explain(attempt: CallAttempt) -> str:
    """How the call stands, and what to do where something is wrong, in the active language."""
    return _sentence(str(attempt.progress), attempt.reason, attempt.duration_seconds)


def length(seconds: int) -> str:
    """``1:05``."""
    return f"{seconds // 60}:{seconds % 60:02}"


def _words(message: Message) -> str:
    details = message.details
    sentence = _sentence(details.get("progress", ""), details.get("reason", ""), details.get("seconds"))
    return _("Call %(number)s: %(sentence)s") % {"number": details.get("number", ""), "sentence": sentence}


def _sentence(progress: str, reason: str, seconds: int | None) -> str:
    if progress == Progress.FAILED:
        return _failure(reason)
    if progress == Progress.ENDED:
        return _ending(reason, seconds)
    return {
        Progress.BY_HAND.value: _("dialled by hand"),
        Progress.REQUESTED.value: _("the provider was asked to call you first"),
        Progress.UNCONFIRMED.value: _(
            "the provider did not answer in time, so it may have been made. It is not repeated by itself; if no phone "
            "rings, begin a new call."
        ),
        Progress.RINGING.value: _("it is ringing"),
        Progress.ANSWERED.value: _("the customer answered"),
    }.get(progress, "")


def _ending(reason: str, seconds: int | None) -> str:
    if reason == "no_answer":
        return _("the customer did not answer")
    if reason == "busy":
        return _("the customer's line was busy")
    if seconds:
        return _("ended after %(length)s") % {"length": length(seconds)}
    return _("ended")


def _failure(reason: str) -> str:
    sentences = {
        "no_account": _("not made: this site has no telephony account in use. Dial by hand."),
        "over": _("not made: the request is closed."),
        "no_number": _("not made: the number has been erased."),
        "no_phone": _("not made: enter your own phone or extension in your operator's profile."),
        "bad_operator_phone": _("not made: your own phone is not a number that this site calls. Correct it."),
        "country": _("not made: numbers of this country or kind are not called from this site."),
        "bad_number": _("not made: the provider says that there is no such number."),
        "bad_caller_id": _("not made: the provider does not accept the number that customers would see."),
        "too_many": _("not made: today's calls are used up. Dial by hand, or raise the limit of the account."),
        "cannot_unseal": _("not made: the account's credentials can no longer be read. Enter them once more."),
        "no_extra": _("not made: the server lacks a package for telephony. Dial by hand."),
        "set_up": _("not made: the telephony account is not set up completely. Dial by hand."),
        "no_login": _("not made: the provider does not accept the account's credentials."),
        "no_money": _("not made: the balance with the provider is used up."),
        "no_connection": _("not made: the provider cannot be reached. Dial by hand."),
        "no_trust": _("not made: the provider's certificate is not valid. Dial by hand."),
        "busy": _("not made: the provider is too busy. Try again in a minute."),
        "operator_no_answer": _("your own phone was not answered, so the customer was not called."),
        "operator_busy": _("your own phone was busy, so the customer was not called."),
    }
    return sentences.get(reason) or _("not made: the provider refused it. Dial by hand.")
