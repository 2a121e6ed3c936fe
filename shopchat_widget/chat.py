"""What the chat's templates are given. They are rendered without the shop's context processors, which may cost queries."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.html import json_script
from django.utils.translation import gettext as _

from shopchat.conversations import access, hints, thread
from shopchat.conversations.models import TEXT_MAX_LENGTH, Conversation, Message
from shopchat.conversations.thread import Page
from shopchat.live import tickets
from shopchat.live.transport import stream_url
from shopchat.visitors.recognition import new_start
from shopchat_widget import languages
from shopchat_widget.asking import rules_of
from shopchat_widget.callers import Caller
from shopchat_widget.drawing import Line, lines, state_of
from shopchat_widget.leaving import address_box
from shopchat_widget.presence import answering, title_of
from shopchat_widget.sending import Sent


class Readable(DjangoJSONEncoder):
    """JSON that holds letters of every alphabet as they are, which takes a third of the bytes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


def render(template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """The template of that name below ``shopchat_widget/``."""
    return HttpResponse(render_to_string(f"shopchat_widget/{template}", dict(context)), status=status)


def page_context(caller: Caller) -> dict[str, Any]:
    """What every whole page needs."""
    language = languages.active()
    return {
        "caller": caller,
        "inbox": caller.inbox,
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "title": title_of(caller.inbox),
        "csrf_token": get_token(caller.request),
    }


def chat_context(caller: Caller, number: str, *, before: int | None = None) -> dict[str, Any]:
    """The page of the conversation ``number``, else of the current one. Raises ``Http404`` for somebody else's."""
    conversation = caller.named_or_current(number)
    page = _page(conversation, before)
    context = page_context(caller) | thread_context(page, conversation, caller)
    start = "" if caller.contact or caller.user.is_authenticated else new_start()
    context |= {
        "is_history": before is not None,
        "has_more_conversations": access.for_contact(caller.contact).count() > 1 if conversation else False,
        "blank": Line(Message(author=Message.Author.VISITOR), starts_day=False, follows=False, state="sending"),
        "client_id": uuid.uuid4().hex,
        "address": address_box(caller, conversation),
        "calls": rules_of(caller.inbox) is not None,
        "start": start,
        "settings": json_script(_settings(caller, context, start), "shopchat-settings", encoder=Readable),
    }
    return context


def thread_context(page: Page, conversation: Conversation | None, caller: Caller) -> dict[str, Any]:
    """Lines of a conversation and where it stands."""
    return {
        "caller": caller,
        "language": languages.active(),
        "conversation": conversation,
        "cursor": page.cursor,
        "lines": lines(page.messages, conversation) if conversation else [],
        "older_before": page.messages[0].seq if page.has_older else None,
        "answering": answering(caller.inbox, conversation),
    }


def sent_context(sent: Sent, caller: Caller) -> dict[str, Any]:
    """A message that was just stored."""
    conversation = sent.conversation
    message = sent.posted.message
    return {
        "conversation": conversation,
        "line": Line(message, starts_day=False, follows=False, state=state_of(message, conversation)),
        "scope": caller.scope_after(sent.contact),
        "ticket": ticket_for(conversation, caller, key=sent.key),
    }


def ticket_for(conversation: Conversation, caller: Caller, *, key: str = "") -> str:
    """Permission to learn when the conversation moves and when an operator types in it."""
    return tickets.issue(_topics(conversation), holders=caller.holders(key))


def _topics(conversation: Conversation) -> list[str]:
    return [hints.for_contact(conversation.number), hints.typing(conversation.number, by="operator")]


def _page(conversation: Conversation | None, before: int | None) -> Page:
    if conversation is None:
        return Page([], cursor=0)
    if before is not None:
        return thread.older(conversation, before=min(before, conversation.last_seq + 1), private=False)
    return thread.latest(conversation, private=False)


def _settings(caller: Caller, context: Mapping[str, Any], start: str) -> dict[str, Any]:
    """What the script of the page is told."""
    conversation: Conversation | None = context["conversation"]
    return {
        "language": context["language"],
        "accent": caller.inbox.accent,
        "onAccent": caller.inbox.on_accent,
        "scope": caller.scope,
        "joined": caller.joined_scope,
        "start": start,
        "ticket": ticket_for(conversation, caller) if conversation else "",
        # Read before the messages: what happens in between is then fetched twice rather than missed.
        "stamps": {hints.for_contact(conversation.number): str(conversation.last_seq)} if conversation else {},
        "csrf": context["csrf_token"],
        "maxLength": TEXT_MAX_LENGTH,
        "urls": _urls(context["language"]),
        "texts": _texts(),
    }


def _urls(language: str) -> dict[str, str]:
    page, query = reverse("shopchat_widget:page"), f"?lang={language}"
    return {
        "conversation": f"{page}c/",
        "query": query,
        "messages": reverse("shopchat_widget:messages") + query,
        "ticket": reverse("shopchat_widget:ticket") + query,
        "poll": reverse("shopchat:poll"),
        "stream": stream_url(),
        "live": static("shopchat/live.js"),
    }


def _texts() -> dict[str, str]:
    return {
        "sending": _("Sending"),
        "stored": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Not sent"),
        "conversation": _("Conversation %s"),
        "offline": _("No connection. Your messages are kept and sent when it is back."),
        "undone": _("That did not work. Check the connection and try again."),
        "wait": _("Sending goes on in %s s."),
        "waitLong": _("Sending goes on in %s min."),
        "empty": _("Write a message first."),
        "tooLong": _("%s characters of 4,000. Shorten the message or send it in parts."),
    }
