"""The words to which people agree, in versions."""

import hashlib

import pytest
from django.db import IntegrityError
from django.utils import translation

from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from tests.factories import ConsentTextFactory, InboxFactory
from tests.races import at_once

CALLBACK = ConsentText.Purpose.CALLBACK

pytestmark = pytest.mark.django_db


def publish(text, inbox=None, language="en"):
    return consents.publish(inbox or InboxFactory(), CALLBACK, language, text)


def test_an_edit_is_the_next_version_and_the_old_words_stay():
    first, second = publish("You may call me."), publish("You may call me back.")

    assert (first.version, second.version) == (1, 2)
    assert ConsentText.objects.get(version=1).text == "You may call me."
    assert second.text_hash == hashlib.sha256(b"You may call me back.").hexdigest()
    assert consents.current_text(InboxFactory(), CALLBACK, "en") == second


def test_the_same_words_are_the_same_version():
    assert publish("You may call me.") == publish("You may call me.")
    assert ConsentText.objects.count() == 1


def test_words_that_come_back_are_a_new_version():
    """Else nobody could tell from the versions what was in force when."""
    publish("One."), publish("Two.")

    assert publish("One.").version == 3


def test_sites_and_languages_have_their_own():
    publish("You may call me.")
    other = InboxFactory(hostname="b.example")

    assert publish("You may call me.", inbox=other).version == 1
    assert publish("Можно звонить.", language="ru").version == 1
    assert consents.current_text(other, CALLBACK, "ru") is None


def test_the_american_english_of_a_new_project_is_its_english():
    """Staff write in a language of the list, which has no ``en-us``; two rows of versions would drift apart."""
    inbox = InboxFactory()
    publish("You may call me.", inbox=inbox)

    assert consents.text_for(inbox, CALLBACK, "en-us").text == "You may call me."
    assert publish("You may call me.", inbox=inbox, language="en-us").version == 1
    assert publish("You may ring me.", inbox=inbox, language="en-us").version == 2
    assert consents.text_for(inbox, CALLBACK, "en").text == "You may ring me."


def test_without_words_of_its_own_a_shop_shows_the_standard_ones():
    shown = consents.text_for(InboxFactory(), CALLBACK, "en")

    assert (shown.version, shown.pk) == (0, None)
    assert "call me back" in shown.text
    assert shown.text_hash == hashlib.sha256(shown.text.encode()).hexdigest()
    assert not ConsentText.objects.exists()


def test_what_was_shown_can_be_published():
    shown = consents.text_for(InboxFactory(), CALLBACK, "en")

    stored = publish(shown.text)

    assert (stored.version, stored.text_hash) == (1, shown.text_hash)
    assert consents.text_for(InboxFactory(), CALLBACK, "en") == stored


def test_the_standard_words_are_of_the_language_that_is_asked_for():
    with translation.override("ru"):
        assert consents.default_text(CALLBACK, "en").startswith("I agree")


def test_whoever_publishes_second_gets_the_next_version(monkeypatch):
    """Two who read the same version: the row of the first is there when the second one stores."""
    looked = []

    def look(*args):
        looked.append(consents_current(*args))
        if len(looked) == 1:
            ConsentTextFactory(version=1, text="Of somebody else.")
        return looked[-1]

    consents_current = consents.current_text
    monkeypatch.setattr(consents, "current_text", look)

    assert publish("Mine.").version == 2
    assert looked == [None, ConsentText.objects.get(version=1)]


def test_it_does_not_try_for_ever(monkeypatch):
    ConsentTextFactory(version=1)
    monkeypatch.setattr(consents, "current_text", lambda *args: None)

    with pytest.raises(RuntimeError):
        publish("Mine.")


def test_versions_are_unique():
    ConsentTextFactory(version=1)

    with pytest.raises(IntegrityError):
        ConsentTextFactory(version=1)


@pytest.mark.django_db(transaction=True)
def test_the_same_words_published_at_once_are_one_version():
    inbox = InboxFactory()

    results = at_once(*[lambda: publish("You may call me.", inbox=inbox).version] * 3)

    assert results == [1, 1, 1]
    assert ConsentText.objects.count() == 1
