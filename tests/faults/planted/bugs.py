"""Each function breaks one promise in the process that calls it. ``catalogue`` says which rule must notice."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from shopchat.channels.mail import MailChannel
from shopchat.conversations import access, hints, log, posting, reading, thread
from shopchat.conversations.models import Conversation, Message
from shopchat.conversations.querysets import MessageQuerySet
from shopchat.conversations.thread import Page
from shopchat.desk import writing
from shopchat.live import stamps, wire
from shopchat.live.bus.base import bus
from shopchat.visitors import recognition
from shopchat_widget import sending

Bug = Callable[[], None]


def answers_before_commit() -> None:
    """The row is written by a thread, a moment after the answer has left."""
    store = posting._post

    def later(conversation: Conversation, now: Any, **facts: Any) -> None:
        time.sleep(0.5)
        store(conversation, now, **facts)
        connections.close_all()

    def post(conversation: Conversation, now: Any, **facts: Any) -> posting.Posted:
        threading.Thread(target=later, args=(conversation, now), kwargs=facts).start()
        return _only_said(conversation, now, **facts)

    posting._post = post


def answers_without_insert() -> None:
    """Each fifth message is answered and forgotten."""
    store, turn = posting._post, count(1)

    def post(conversation: Conversation, now: Any, **facts: Any) -> posting.Posted:
        return (_only_said if next(turn) % 5 == 0 else store)(conversation, now, **facts)

    posting._post = post


def new_id_for_each_try() -> None:
    """The sender's own id is dropped, so that nothing tells a repetition from a new message."""
    sending.clean_client_id = writing.clean_client_id = lambda raw: uuid.uuid4().hex


def looks_before_it_inserts() -> None:
    """Looked up first, inserted afterwards, and the database does not object."""
    store = posting._post

    def post(conversation: Conversation, now: Any, *, client_id: str, **facts: Any) -> posting.Posted:
        known = Message.objects.filter(conversation=conversation, client_id__startswith=client_id).first()
        if known is not None:
            return posting.Posted(known, created=False)
        time.sleep(0.1)
        return store(conversation, now, client_id=f"{client_id}-{uuid.uuid4().hex[:8]}", **facts)

    posting._post = post


def forgets_the_start() -> None:
    """A first message that is sent again makes another visitor."""
    recognition._key_of = lambda start: ""


def shows_the_place_before_the_row() -> None:
    """What an auto-increment cursor does: readers are past a place before its row is there."""

    def post(conversation: Conversation, now: Any, *, operator: Any = None, changes: Any = None, **facts: Any) -> Any:
        known = Message.objects.filter(conversation=conversation, client_id=facts["client_id"]).first()
        if known is not None:
            return posting.Posted(known, created=False)
        private = facts["kind"] == Message.Kind.NOTE
        with transaction.atomic():
            seq = log.advance(conversation, at=now, private=private)
        time.sleep(0.2)
        row = {"seq": seq, "operator": operator, "is_private": private, "created_at": now, **facts}
        message = Message.objects.create(conversation=conversation, **row)
        log.announce(conversation.number, private=private)
        return posting.Posted(message, created=True)

    posting._post = post


def _seq_so_far(conversation: Conversation, **_changes: Any) -> int:
    return int(Conversation.objects.values_list("last_seq", flat=True).get(pk=conversation.pk))


def announces_before_commit() -> None:
    """Readers are told first, find nothing, and are not told again; nor does anything look again by itself."""
    store = posting._post

    def post(conversation: Conversation, now: Any, **facts: Any) -> posting.Posted:
        with transaction.atomic():
            posted = store(conversation, now, **facts)
            _tell_now(conversation.number)
            time.sleep(0.5)
        return posted

    posting._post, log.announce = post, lambda *args, **kwargs: None
    stamps.LIFETIME_SECONDS = 3600


def _tell_now(number: str) -> None:
    topics = (hints.DESK, hints.for_operators(number), hints.for_contact(number))
    stamps.stamps().move(topics)
    bus().publish(topics)


def says_ready_to_everybody() -> None:
    """A stream that goes on tells whoever names a place that nothing was missed."""
    first = wire.first
    wire.first = lambda topics, *, after, retry: first(topics, after=after and wire.identity(topics), retry=retry)


def cuts_the_text() -> None:
    """A column that is too short, on a database that cuts silently."""
    clean = sending.clean_text
    sending.clean_text = writing.clean_text = lambda raw: clean(raw)[:120].strip()


def sends_mail_twice() -> None:
    send = MailChannel.send

    def twice(self: MailChannel, outgoing: Any) -> Any:
        send(self, outgoing)
        return send(self, outgoing)

    MailChannel.send = twice


def shows_notes() -> None:
    MessageQuerySet.visible_to_contact = lambda self: self.all()


def lets_strangers_in() -> None:
    access.for_contact = lambda contact: Conversation.objects.all()


def orders_by_time() -> None:
    """By a clock that jumps by seconds, as those of several servers do."""
    posting.timezone = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=random.uniform(-5, 5)))
    for name in ("latest", "older", "newer"):
        setattr(thread, name, _by_time(getattr(thread, name)))


def orders_the_desk_by_time() -> None:
    """The same, and only operators see it."""
    posting.timezone = SimpleNamespace(now=lambda: timezone.now() + timedelta(seconds=random.uniform(-5, 5)))
    for name in ("latest", "older", "newer"):
        setattr(thread, name, _by_time(getattr(thread, name), only_private=True))


def _by_time(read: Callable[..., Page], *, only_private: bool = False) -> Callable[..., Page]:
    def sorted_page(*args: Any, private: bool, **kwargs: Any) -> Page:
        page = read(*args, private=private, **kwargs)
        if only_private and not private:
            return page
        return Page(sorted(page.messages, key=lambda message: message.created_at), page.cursor, page.has_older)

    return sorted_page


def forgets_receipts() -> None:
    reading._move = lambda *args, **kwargs: True


def skips_when_it_goes_on() -> None:
    """Off by one: the first message after the cursor is left out."""
    _replace_newer(
        lambda newer: lambda conversation, *, after, private: newer(conversation, after=after + 1, private=private)
    )


def repeats_when_it_goes_on() -> None:
    """Off by one, the other way: the message at the cursor comes again."""
    _replace_newer(
        lambda newer: (
            lambda conversation, *, after, private: newer(conversation, after=max(0, after - 1), private=private)
        )
    )


def keeps_what_it_refuses() -> None:
    """The refused text of a used id is stored under another one."""

    def repeated(conversation: Conversation, *, kind: str, author: str, text: str, client_id: str) -> posting.Posted:
        stored = Message.objects.get(conversation=conversation, author=author, client_id=client_id)
        if stored.text == text:
            return posting.Posted(stored, created=False)
        posting.receive(conversation, text=text, client_id=uuid.uuid4().hex)
        raise posting.ClientIdReused

    posting._repeated = repeated


def _replace_newer(wrapped: Callable[[Callable[..., Page]], Callable[..., Page]]) -> None:
    """In the views, which have imported it under another name, too."""
    from shopchat_widget.views import thread as widget_thread

    thread.newer = widget_thread.newer_messages = wrapped(thread.newer)


def _only_said(
    conversation: Conversation, now: Any, *, operator: Any = None, changes: Any = None, **facts: Any
) -> posting.Posted:
    """What an answer shows for a message that is not stored."""
    seq = _seq_so_far(conversation) + 1
    message = Message(
        conversation=conversation,
        seq=seq,
        operator=operator,
        created_at=now,
        is_private=facts["kind"] == Message.Kind.NOTE,
        **facts,
    )
    return posting.Posted(message, created=True)


BUGS: dict[str, Bug] = {
    bug.__name__: bug
    for bug in (
        answers_before_commit,
        answers_without_insert,
        new_id_for_each_try,
        looks_before_it_inserts,
        forgets_the_start,
        shows_the_place_before_the_row,
        announces_before_commit,
        says_ready_to_everybody,
        cuts_the_text,
        sends_mail_twice,
        shows_notes,
        lets_strangers_in,
        orders_by_time,
        orders_the_desk_by_time,
        forgets_receipts,
        skips_when_it_goes_on,
        repeats_when_it_goes_on,
        keeps_what_it_refuses,
    )
}
