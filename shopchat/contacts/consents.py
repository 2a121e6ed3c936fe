"""The words to which people agree, in versions: which holds now, and the next one when the shop edits them."""

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from shopchat.contacts.models import ConsentText
from shopchat.core.languages import listed
from shopchat.core.tokens import digest
from shopchat.inboxes.models import Inbox

ATTEMPTS = 5


def current_text(inbox: Inbox, purpose: str, language: str) -> ConsentText | None:
    """The version in force, ``None`` while the shop has published none in this language."""
    return _versions(inbox, purpose, language).order_by("-version").first()


def text_for(inbox: Inbox, purpose: str, language: str) -> ConsentText:
    """What to show: the version in force, else the standard text as version 0, which is not stored.

    Looking at a form stores nothing. Whoever stores an agreement publishes that text first, see :func:`publish`.
    """
    return current_text(inbox, purpose, language) or _version(
        inbox, purpose, language, 0, default_text(purpose, language)
    )


def publish(inbox: Inbox, purpose: str, language: str, text: str) -> ConsentText:
    """Put the text in force: as the next version, or as the one that is in force already if the words are the same."""
    for _attempt in range(ATTEMPTS):
        current = current_text(inbox, purpose, language)
        if current is not None and current.text == text:
            return current
        try:
            with transaction.atomic():
                following = _version(inbox, purpose, language, current.version + 1 if current else 1, text)
                following.save(force_insert=True)
        except IntegrityError:  # somebody published this number a moment ago, perhaps with the same words
            continue
        return following
    raise RuntimeError(f"No version of a consent could be stored in {ATTEMPTS} attempts.")


def default_text(purpose: str, language: str) -> str:
    """The standard words, for shops that have not written their own."""
    with translation.override(language):
        return str(_texts()[purpose])


def _texts() -> dict[str, str]:
    return {
        ConsentText.Purpose.CALLBACK: _(
            "I agree that the shop stores the phone number, the name and the words that I enter here, "
            "in order to call me back."
        ),
        ConsentText.Purpose.REMINDERS: _(
            "I agree that the shop reminds me by e-mail of what I left in my basket. "
            "I can stop this at any time; each of these mails has a link for it."
        ),
    }


def _versions(inbox: Inbox, purpose: str, language: str) -> QuerySet[ConsentText]:
    return ConsentText.objects.filter(inbox=inbox, purpose=purpose, language=listed(language))


def _version(inbox: Inbox, purpose: str, language: str, version: int, text: str) -> ConsentText:
    return ConsentText(
        inbox=inbox,
        purpose=purpose,
        language=listed(language),
        version=version,
        text=text,
        text_hash=digest(text),
        created_at=timezone.now(),
    )
