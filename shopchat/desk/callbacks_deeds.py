"""What operators do with a callback request, from the posted fields to words about how it went."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks import access, calling, changing, refusing, working
from shopchat.callbacks.call_words import explain
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.outcomes import BadOutcome
from shopchat.conversations.texts import InvalidMessage, clean_client_id
from shopchat.desk.callbacks import when
from shopchat.desk.refusals import BadField, Refusal
from shopchat.operators.models import Operator
from shopchat.operators.roster import people_at_the_desk

MAX_CHOSEN = 200
Fields = Mapping[str, str]


def colleagues() -> list[Operator]:
    """Everybody whom a request can be given to."""
    return list(Operator.objects.filter(user__in=people_at_the_desk()))


def do(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    """Do what the form asks for; what to tell the operator. Raises :class:`Refusal` and :class:`BadField`."""
    deed = DEEDS.get(fields.get("do", ""))
    if deed is None:
        raise Refusal(400, _("The page is out of date. Please reload it."))
    try:
        return deed(callback, operator, fields)
    except working.Taken as error:
        raise Refusal(409, _("%(name)s took this request first.") % {"name": error.by.public_name}) from error
    except (working.NotWaiting, refusing.NotWaiting) as error:
        raise Refusal(409, _("Nobody has to be called any more: the request is over.")) from error
    except working.ClientIdReused as error:
        raise Refusal(409, _("The page is out of date. Please reload it.")) from error
    except BadOutcome as error:
        raise BadField(error.field, error.text) from error


def take(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    working.take(callback, operator)
    return _("This request is yours now.")


def release(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    if not working.release(callback, operator):
        raise Refusal(409, _("This request is not yours any more."))
    return _("The request is back in the queue.")


def assign(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    chosen = _colleague(fields)
    if not working.assign([callback], chosen, by=operator):
        return _("%(name)s has this request already.") % {"name": chosen.public_name}
    return _("%(name)s has this request now.") % {"name": chosen.public_name}


def assign_all(user: Any, operator: Operator, numbers: list[str], fields: Fields) -> str:
    """Give all of these to one operator; says how many there were."""
    chosen = _colleague(fields)
    known = [number for number in numbers[:MAX_CHOSEN] if number.isascii() and number.isdecimal()]
    if not known:
        raise Refusal(400, _("Choose the requests first."))
    requests = access.for_operator(user).filter(number__in=known).select_related("conversation")
    count = working.assign(requests, chosen, by=operator)
    if not count:
        raise Refusal(
            409,
            _("Nothing was changed: these requests are over, or %(name)s has them already.")
            % {"name": chosen.public_name},
        )
    sentence = ngettext("%(count)s request was given to %(name)s.", "%(count)s requests were given to %(name)s.", count)
    return sentence % {"count": count, "name": chosen.public_name}


def begin(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    """The operator dials by hand."""
    working.begin_attempt(callback, operator, client_id=_client_id(fields))
    return _("Say below how the call ended.")


def ring(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    """The site's telephony rings the operator first, then the customer; also for those who may not see the number."""
    account = calling.available(callback.inbox)
    if account is None:
        raise Refusal(400, _("This site has no telephony account in use. Dial by hand."))
    attempt = working.begin_attempt(callback, operator, client_id=_client_id(fields), backend=account.backend)
    return _("Your call: %(sentence)s") % {"sentence": explain(calling.call(attempt))}


def record(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    if fields.get("outcome") == CallAttempt.Outcome.FAILED:  # for telephony to say
        raise BadField("outcome", _("Choose how the call ended."))
    after = working.record(
        callback,
        operator,
        attempt=None,
        outcome=fields.get("outcome", ""),
        note=fields.get("note", ""),
        result=fields.get("result", ""),
        slot=fields.get("slot", ""),
        client_id=_client_id(fields),
    )
    if not after.is_waiting():
        return _("Recorded. Nobody has to be called any more.")
    return _("Recorded. The next call: %(when)s.") % {"when": when(after, timezone.now())}


def cancel(callback: CallbackRequest, operator: Operator, fields: Fields) -> str:
    changing.cancel(callback, by=operator)
    return _("The request was cancelled.")


DEEDS: dict[str, Callable[[CallbackRequest, Operator, Fields], str]] = {
    "take": take,
    "release": release,
    "assign": assign,
    "begin": begin,
    "ring": ring,
    "record": record,
    "cancel": cancel,
}


def _colleague(fields: Fields) -> Operator:
    raw = fields.get("operator", "")
    chosen = {str(one.pk): one for one in colleagues()}.get(raw)
    if chosen is None:
        raise BadField("operator", _("Choose who is to call."))
    return chosen


def _client_id(fields: Fields) -> str:
    try:
        return clean_client_id(fields.get("client_id", ""))
    except InvalidMessage as error:
        raise Refusal(400, _("The page is out of date. Please reload it.")) from error
