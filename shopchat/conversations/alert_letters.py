"""What all alerts to operators have in common: the operator's language, the way to the desk, and why they get it."""

from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from shopchat.channels.base import Outgoing
from shopchat.conversations import notifying
from shopchat.conversations.models import Delivery
from shopchat.operators.languages import language_of
from shopchat.operators.models import Operator


def alert_letter(delivery: Delivery, operator: Operator, words: Callable[[], tuple[str, str]]) -> Outgoing:
    """The alert; ``words`` answers subject and text, and is called with the operator's language active."""
    language = language_of(operator)
    with translation.override(language):
        subject, text = words()
        why = _("You get this because you answer customers. You can switch it off in your account, under “Chat”.")
    text = f"{text}\n\n{why}\n"
    return Outgoing(to=notifying.address_of(delivery), subject=subject, text=text, key="", language=language)


def where_it_is(view: str, *arguments: object) -> str:
    """Where to see it, in the active language."""
    link = desk_link(view, *arguments)
    return _("It is here: %(link)s") % {"link": link} if link else _("Open the desk to see it.")


def desk_link(view: str, *arguments: object) -> str:
    """A page of the desk, empty while the project does not say where its admin is."""
    base = str(getattr(settings, "WAGTAILADMIN_BASE_URL", "") or "").rstrip("/")
    return base + reverse(f"shopchat_desk:{view}", args=arguments) if base else ""
