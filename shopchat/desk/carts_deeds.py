"""What operators do about a basket, from the posted fields to words about how it went."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.carts import helping, recovering, states
from shopchat.carts.models import BasketWatch, RecoveryLink
from shopchat.carts.people import contact_of
from shopchat.carts.sparing import Reason, TooLate, leave_alone
from shopchat.contacts.models import Contact
from shopchat.conversations import posting, starting
from shopchat.conversations.models import Conversation
from shopchat.conversations.texts import InvalidMessage, clean_client_id, clean_text
from shopchat.core.money import format_money
from shopchat.desk.carts import lines_of, moment_words, total_of
from shopchat.desk.refusals import BadField, Refusal
from shopchat.operators.models import Operator
from shopchat.stores.abilities import Restores
from shopchat.stores.reading import able

LINES_IN_A_NOTE = 15
TITLE_IN_A_NOTE = 120
State = BasketWatch.State
Fields = Mapping[str, str]


@dataclass(frozen=True)
class Done:
    """What to tell the operator, and where to go on, empty for the same page."""

    words: str
    address: str = ""


def do(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    """Do what the form asks for. Raises :class:`Refusal` and :class:`BadField`."""
    deed = DEEDS.get(fields.get("do", ""))
    if deed is None:
        raise Refusal(400, _("The page is out of date. Please reload it."))
    try:
        return deed(watch, operator, fields)
    except helping.Taken as error:
        raise Refusal(409, _("%(name)s took this task first.") % {"name": error.by.public_name}) from error
    except helping.NotWanted as error:
        raise Refusal(409, _("Nobody has to help here any more.")) from error
    except TooLate as error:
        raise Refusal(409, _("Nobody would be reminded of this basket any more.")) from error


def take(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    helping.take(watch, operator)
    return Done(_("This task is yours now."))


def release(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    helping.release(watch, operator)
    return Done(_("The task is back in the list."))


def finish(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    helping.finish(watch, operator)
    return Done(_("Done. Nobody has to help here any more."))


def write(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    """Open the customer's conversation, with what is in the basket as a private note."""
    with transaction.atomic():
        conversation = _conversation(watch)
        note(conversation, watch, operator)
    return Done(
        _("Write to the customer here. What is in the basket stands in a note that only operators see."),
        reverse("shopchat_desk:conversation", args=[conversation.number]) + "?show=all",
    )


def send_link(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    """A reply with what the operator wrote and a link that puts the lines back; once, however often it is pressed."""
    if not can_restore():
        raise Refusal(409, _("This shop cannot put a basket back."))
    text, client_id = _text(fields), _client_id(fields)
    # The second of two clicks changes nothing: its link is rolled back.
    with suppress(posting.ClientIdReused), transaction.atomic():
        conversation = _conversation(watch)
        token = recovering.make_link(watch, purpose=RecoveryLink.Purpose.DESK, operator=operator)
        address = recovering.url_of(watch.inbox, token, watch.language)
        posting.reply(conversation, operator=operator, text=f"{text}\n{address}", client_id=client_id)
        _contacted(watch, operator)
    return Done(_("The link was sent."))


def spare(watch: BasketWatch, operator: Operator, fields: Fields) -> Done:
    if fields.get("reason") not in Reason.values:
        raise BadField("reason", _("Choose why nobody is to be reminded."))
    leave_alone(watch, reason=Reason(fields["reason"]), by=operator)
    return Done(_("Nobody is reminded of this basket any more, unless its lines change."))


DEEDS: dict[str, Callable[[BasketWatch, Operator, Fields], Done]] = {
    "take": take,
    "release": release,
    "finish": finish,
    "write": write,
    "link": send_link,
    "spare": spare,
}


def can_restore() -> bool:
    """Whether the shop can put lines back into a basket."""
    return able(Restores) is not None


def opening(watch: BasketWatch) -> str:
    """The first words of a message with a link, in the customer's language."""
    with translation.override(watch.language or None):
        return _("Hello! Here is what was in your basket. You can put it back with one click:")


def note(conversation: Conversation, watch: BasketWatch, operator: Operator) -> None:
    """Write down for operators what the conversation is about; once for each change of the basket."""
    client_id = f"basket-{watch.pk}-{int(watch.last_activity.timestamp())}"
    with suppress(posting.ClientIdReused):  # a colleague has done so in another language
        posting.note(conversation, operator=operator, text=_note_text(watch), client_id=client_id)


def _note_text(watch: BasketWatch) -> str:
    lines = lines_of(watch)
    told = [_("Basket, last changed %(moment)s:") % {"moment": moment_words(watch.last_activity)}]
    for line in lines[:LINES_IN_A_NOTE]:
        price = f" · {format_money(line.unit_price * line.quantity)}" if line.unit_price else ""
        told.append(f"{line.quantity} × {line.title[:TITLE_IN_A_NOTE]}{price}")
    if (more := len(lines) - LINES_IN_A_NOTE) > 0:
        told.append(ngettext("%(count)s more", "%(count)s more", more) % {"count": more})
    if (total := total_of(watch)) is not None:
        told.append(_("Total: %(total)s") % {"total": format_money(total)})
    return "\n".join(told)


def _conversation(watch: BasketWatch) -> Conversation:
    return starting.start(_contact(watch), watch.inbox, language=watch.language)


def _contact(watch: BasketWatch) -> Contact:
    if (contact := contact_of(watch)) is None:
        raise Refusal(409, _("Nobody knows whose basket this is, so nobody can be written to."))
    return contact


def _contacted(watch: BasketWatch, operator: Operator) -> None:
    """An order from now on came about with our help."""
    now = timezone.now()
    if watch.state == State.ABANDONED:
        details = {"operator": operator.pk}
        states.move(watch, State.CONTACTED, at=now, reason="operator", details=details, contacted_at=now)
    else:
        BasketWatch.objects.filter(pk=watch.pk).update(contacted_at=now)


def _text(fields: Fields) -> str:
    try:
        return clean_text(fields.get("text", ""))
    except InvalidMessage as error:
        raise BadField("text", str(error)) from error


def _client_id(fields: Fields) -> str:
    try:
        return clean_client_id(fields.get("client_id", ""))
    except InvalidMessage as error:
        raise Refusal(400, _("The page is out of date. Please reload it.")) from error
