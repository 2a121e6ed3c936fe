"""How a request comes in: what is stored, what is refused with which words, and that it comes in once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import translation

from shopchat.callbacks import changing, happenings, links, slots
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.refusing import NumberWaits, Rejected
from shopchat.callbacks.requesting import check, confirms, new_number, request_callback
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from shopchat.conversations import starting
from shopchat.conversations.models import Conversation, Message
from shopchat.signals import callback_requested
from tests.callbacks.asking import FIRST, NOW, PHONE, SECOND, THIRD, ask, free_seats, shop, wish
from tests.factories import CallbackRequestFactory, ContactFactory, InboxFactory, OperatorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_monday(time_machine):
    time_machine.move_to(NOW, tick=False)
    with translation.override("en"):
        yield


def rejected(contact, rules, form=None, **changes):
    """The refusal; whatever was stored before, nothing is stored by it."""
    before = stored()
    with pytest.raises(Rejected) as refused:
        ask(contact, rules, form, **changes)
    assert stored() == before
    return refused.value


def stored():
    return tuple(
        list(model.objects.order_by("pk").values()) for model in (CallbackRequest, Conversation, Message, ConsentText)
    )


def events(request):
    lines = Message.objects.filter(conversation=request.conversation).order_by("seq")
    return list(lines.values_list("event", flat=True))


@pytest.fixture
def contact():
    return ContactFactory()


@pytest.fixture
def rules():
    return shop()


class TestARequest:
    def test_everything_that_was_said_is_stored(self, contact, rules):
        asked = ask(contact, rules)

        request = CallbackRequest.objects.get()
        assert (asked.request, asked.created, asked.changed) == (request, True, False)
        assert (request.contact, request.inbox) == (contact, rules.inbox)
        assert (request.phone, request.phone_tail, request.open_phone) == (PHONE, "4567", PHONE)
        assert (request.name, request.about) == ("Olena", "Does it fit a bicycle?")
        assert (request.subject, request.subject_ref, request.subject_label) == ("product", "sku-1", "Child seat")
        assert (request.page, request.language, request.time_zone) == ("/seats/", "en", "Europe/Warsaw")
        assert (request.state, request.created_at, request.updated_at) == ("waiting", NOW, NOW)
        assert not request.is_asap

    def test_the_slot_is_theirs(self, contact, rules):
        before = free_seats(rules, FIRST)

        request = ask(contact, rules).request

        assert (before, free_seats(rules, FIRST)) == (2, 1)
        assert (request.due_at, request.promised_until) == (request.slot_at, request.slot_until)
        assert request.first_promised_until == request.promised_until == NOW + timedelta(hours=1)

    def test_it_is_a_line_in_their_conversation_which_does_not_wait_for_a_reply(self, contact, rules):
        request = ask(contact, rules).request

        assert events(request) == [happenings.ASKED]
        assert request.conversation.contact == contact
        assert request.conversation.waiting_since is None
        assert request.conversation.page == "/seats/"

    def test_a_second_one_comes_into_the_same_conversation(self, contact, rules):
        first = ask(contact, rules).request
        second = ask(contact, rules, phone="0671234567", slot=SECOND).request

        assert first.conversation == second.conversation
        assert first.number != second.number

    def test_the_number_to_read_out_is_short(self, contact, rules):
        request = ask(contact, rules).request

        assert len(request.number) == 4
        assert request.number.isdigit()
        assert request.readable_number == f"C-{request.number}"

    def test_integrators_hear_of_it_once_it_is_stored(self, contact, rules, django_capture_on_commit_callbacks):
        heard = []

        def listen(sender, request, **kwargs):
            heard.append(request)

        callback_requested.connect(listen)
        with django_capture_on_commit_callbacks() as callbacks:
            request = ask(contact, rules).request
        assert heard == []
        for callback in callbacks:
            callback()
        callback_requested.disconnect(listen)

        assert heard == [request]

    def test_right_away_is_promised_while_somebody_is_at_the_desk(self, contact):
        rules = shop(at_the_desk=True)

        request = ask(contact, rules, slot="").request

        assert request.is_asap
        assert (request.due_at, request.promised_until) == (NOW, NOW + timedelta(minutes=15))
        assert request.first_promised_until == request.promised_until
        assert request.slot_at is None

    def test_the_fields_that_may_stay_empty(self, contact, rules):
        empty = {"name": "", "about": "", "subject": "", "subject_ref": "", "subject_label": "", "page": ""}

        request = ask(contact, rules, **empty).request

        assert {name: getattr(request, name) for name in empty} == empty


class TestTheConsent:
    def test_what_was_agreed_to_is_kept(self, contact, rules):
        consents.publish(rules.inbox, "callback", "en", "The first version")
        text = consents.publish(rules.inbox, "callback", "en", "You may call me")

        request = ask(contact, rules).request

        assert request.consent_text == text
        assert (request.consent_version, request.consent_hash) == (2, text.text_hash)
        assert (request.consented_at, request.consent_page) == (NOW, "/seats/")

    def test_the_standard_text_becomes_a_version_with_the_first_agreement(self, contact, rules):
        form = wish(rules)
        assert not ConsentText.objects.exists()

        request = ask(contact, rules, form).request

        assert request.consent_text.version == 1
        assert request.consent_text.text == consents.default_text("callback", "en")
        assert request.consent_hash == form.consent_hash
        assert ask(ContactFactory(), rules, phone="0671234567").request.consent_text == request.consent_text

    def test_the_standard_text_takes_no_place_that_the_shops_own_took_meanwhile(self, contact, rules, monkeypatch):
        start = starting.start

        def publishes(*args, **kwargs):
            consents.publish(rules.inbox, "callback", "en", "The shop's own")
            return start(*args, **kwargs)

        monkeypatch.setattr(starting, "start", publishes)
        form = wish(rules)

        with pytest.raises(Rejected) as refused:
            ask(contact, rules, form)

        assert list(refused.value.errors) == ["consent"]
        assert not CallbackRequest.objects.exists()

    def test_two_who_agree_first_agree_to_one_version(self, contact, rules, monkeypatch):
        start = starting.start

        def publishes(*args, **kwargs):
            monkeypatch.setattr(starting, "start", start)
            ask(ContactFactory(), rules, phone="0671234567")
            return start(*args, **kwargs)

        monkeypatch.setattr(starting, "start", publishes)
        request = ask(contact, rules).request

        assert request.consent_text == ConsentText.objects.get()
        assert CallbackRequest.objects.count() == 2

    def test_each_language_has_its_own(self, contact, rules):
        consents.publish(rules.inbox, "callback", "uk", "Телефонуйте")

        request = ask(contact, rules, language="uk").request

        assert request.consent_text.language == "uk"

    def test_a_text_that_has_changed_since_is_to_be_read_again(self, contact, rules):
        form = wish(rules)
        consents.publish(rules.inbox, "callback", "en", "Something else")

        refused = rejected(contact, rules, form)

        assert refused.errors == {"consent": "This text has changed. Please read it again and tick the box."}
        assert ask(contact, rules).created


# One row for each thing that people and programs send: what it is, the field beside which the error stands, its beginning.
BAD = [
    ("letters", {"phone": "call me"}, "phone", "This is not a phone number"),
    ("nothing", {"phone": " "}, "phone", "Write the number on which"),
    ("too short", {"phone": "12"}, "phone", "The number is too short"),
    ("too long", {"phone": "0501234567 0501234567"}, "phone", "The number is too long"),
    ("premium", {"phone": "0 900 301 234"}, "phone", "We call mobile and landline"),
    ("toll-free", {"phone": "0800 500 500"}, "phone", "We call mobile and landline"),
    ("satellite", {"phone": "+870 773 111 632"}, "phone", "We do not call this country"),
    ("another country", {"phone": "+48 512 345 678"}, "phone", "We do not call this country"),
    ("extension", {"phone": "0501234567 ext. 12"}, "phone", "We cannot dial an extension"),
    ("no such number", {"phone": "0123456789"}, "phone", "There is no such number"),
    ("emoji for a number", {"phone": "📞📞📞"}, "phone", "This is not a phone number"),
    ("10,000 digits", {"phone": "1" * 10_000}, "phone", "The number is too long"),
    ("a header in the number", {"phone": "0501234567\r\nBcc: all@example.test"}, "phone", "This is not a phone number"),
    ("NUL in the number", {"phone": "0501234567\x00"}, "phone", "This is not a phone number"),
    ("10,000 letters of a name", {"name": "x" * 10_000}, "name", "Shorten this by 9920 characters"),
    ("one letter too many", {"name": "x" * 81}, "name", "Shorten this by 1 character."),
    ("NUL in the name", {"name": "Ole\x00na"}, "name", "This contains a character"),
    ("10,000 emoji", {"about": "😀" * 10_000}, "about", "Shorten this by 9000 characters"),
    ("NUL in the words", {"about": "\x00"}, "about", "This contains a character"),
    ("no consent", {"consent": False}, "consent", "Without your consent"),
    ("consent to nothing", {"consent_hash": ""}, "consent", "This text has changed"),
    ("consent to anything", {"consent_hash": "ы" * 64}, "consent", "This text has changed"),
    ("a slot of this morning", {"slot": "20261123T0730Z"}, "when", "This time is past or too soon."),
    ("a slot that begins at once", {"slot": "20261123T0900Z"}, "when", "This time is past or too soon."),
    ("a slot in the night", {"slot": "20261123T2330Z"}, "when", "Nobody can call at this time."),
    ("a slot beside the slots", {"slot": "20261123T0931Z"}, "when", "Nobody can call at this time."),
    ("a slot in a year", {"slot": "20271122T0930Z"}, "when", "Nobody can call at this time."),
    ("a foreign slot id", {"slot": "17"}, "when", "Nobody can call at this time."),
    ("a slot that is a sentence", {"slot": "' OR 1=1 --\x00"}, "when", "Nobody can call at this time."),
    ("a slot of 10,000 characters", {"slot": "2" * 10_000}, "when", "Nobody can call at this time."),
    ("right away with nobody there", {"slot": ""}, "when", "Nobody can call right away"),
    ("no id", {"client_id": ""}, "", "The form could not be sent"),
    ("an id of anything", {"client_id": "x' OR '1'='1"}, "", "The form could not be sent"),
    ("an id of 10,000 characters", {"client_id": "x" * 10_000}, "", "The form could not be sent"),
]


class TestBadInput:
    @pytest.mark.parametrize(("changes", "field", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
    def test_it_is_told_beside_its_field_and_nothing_is_stored(self, contact, rules, changes, field, says):
        refused = rejected(contact, rules, **changes)

        assert list(refused.errors) == [field]
        assert refused.errors[field].startswith(says)
        assert ask(contact, rules).created  # with everything else as it was

    @pytest.mark.parametrize("typed", ["abc", "12", "+48512345678", "0800500500"])
    def test_errors_about_numbers_show_one_that_would_be_taken(self, contact, rules, typed):
        says = rejected(contact, rules, phone=typed).errors["phone"]

        assert says.endswith("For example: +380 50 123 4567")
        assert ask(contact, rules, phone=says.rpartition(": ")[2]).created

    def test_everything_that_is_wrong_is_told_at_once(self, contact, rules):
        wrong = {"phone": "x", "name": "x" * 99, "about": "x" * 1001, "consent": False, "client_id": "x"}

        assert set(rejected(contact, rules, **wrong).errors) == {"phone", "name", "about", "consent", ""}

    def test_a_moment_that_cannot_be_had_names_the_next_that_can(self, contact, rules):
        assert rejected(contact, rules, slot="20261123T0730Z").free.value == FIRST
        assert rejected(contact, rules, slot="20261123T1001Z").free.value == THIRD
        assert rejected(contact, rules, slot="20271122T0930Z").free.value == FIRST
        assert rejected(contact, rules, slot="").free.value == FIRST

    def test_where_nothing_is_free_the_chat_is(self, contact, rules):
        OperatorFactory._meta.model.objects.update(takes_calls=False)

        refused = rejected(contact, rules, slot=FIRST)

        assert refused.free is None
        assert refused.errors["when"].endswith("Please write to us in the chat.")

    def test_what_nobody_sees_is_left_out(self, contact, rules):
        hidden = "\u202eOle\u0007na\u202c \u2066Koval\u2069\r\nBcc: all@example.test\t"

        request = ask(contact, rules, name=hidden, about=f"{hidden}\ud800", subject_label=hidden + "\x00").request

        request.refresh_from_db()
        assert request.name == "Olena Koval Bcc: all@example.test"
        assert request.about == "Olena \u2066Koval\u2069\nBcc: all@example.test"
        assert request.subject_label == "Olena Koval Bcc: all@example.test"

    def test_what_the_page_filled_in_is_cut_and_never_refused(self, contact, rules):
        long = {"subject": "spaceship", "subject_ref": "r" * 999, "subject_label": "l" * 999, "page": "/" + "p" * 999}

        request = ask(contact, rules, **long).request

        assert request.subject == ""
        assert (request.subject_ref, request.subject_label) == ("r" * 200, "l" * 200)
        assert len(request.page) == 500

    @pytest.mark.parametrize(
        "page", ["https://evil.example/", "//evil.example/", "/\t/evil.example", "/\\evil.example", "javascript:x", ""]
    )
    def test_a_page_is_a_path_of_this_site(self, contact, rules, page):
        assert ask(contact, rules, page=page).request.page == ""

    @pytest.mark.parametrize(
        "zone", ["", "Mars/Olympus", "../../etc/passwd", "localtime", "Europe/", "x" * 99 + "/", "a/\x00"]
    )
    def test_a_zone_that_is_none_is_the_shops(self, contact, rules, zone):
        assert ask(contact, rules, time_zone=zone).request.time_zone == "Europe/Kyiv"

    def test_a_language_that_is_none_is_the_pages(self, contact, rules):
        assert ask(contact, rules, language="tlh").request.language == "en"

    def test_a_site_without_callbacks_says_so(self, contact, rules):
        form = wish(rules)
        rules.is_active = False
        rules.save()

        assert rejected(contact, rules, form).errors[""].startswith("Calls cannot be asked for here")

    def test_the_shop_decides_which_countries_are_called(self, contact):
        rules = shop(countries=["pl", "UA"])

        assert ask(contact, rules, phone="+48 512 345 678").created
        assert rejected(contact, rules, phone="+7 912 345 67 89").errors["phone"].startswith("We do not call this")


class TestAFullSlot:
    def test_the_next_one_is_named(self, contact):
        rules = shop(seats=1)
        form = wish(rules)
        ask(ContactFactory(), rules, phone="0671234567")

        refused = rejected(contact, rules, form)

        assert refused.errors["when"].startswith("This time has just been taken. The next free one is chosen below")
        assert refused.free.value == SECOND
        assert ask(contact, rules, replace(form, slot=refused.free.value)).created

    def test_a_slot_that_fills_at_the_last_moment_is_told_alike(self, contact, rules, monkeypatch):
        def faster(*args, **kwargs):
            raise slots.SlotFull

        monkeypatch.setattr(slots, "book", faster)

        refused = rejected(contact, rules)

        assert refused.errors["when"].startswith("This time has just been taken.")
        assert refused.free

    def test_right_away_is_promised_to_so_many_only(self, contact):
        rules = shop(at_the_desk=True, seats=1)
        ask(ContactFactory(), rules, slot="", phone="0671234567")

        refused = rejected(contact, rules, slot="")

        assert refused.errors["when"].startswith("Nobody can call right away at the moment.")
        assert refused.free.value == FIRST


class TestOneFormSentTwice:
    def test_it_is_one_request(self, contact, rules):
        form = wish(rules)

        first, second = ask(contact, rules, form), ask(contact, rules, form)

        assert first.request == second.request
        assert (second.created, second.changed) == (False, False)
        assert events(first.request) == [happenings.ASKED]
        assert free_seats(rules, FIRST) == 1

    def test_even_when_its_slot_was_the_last_or_is_past(self, contact, time_machine):
        rules = shop(seats=1)
        form = wish(rules)
        request = ask(contact, rules, form).request

        assert ask(contact, rules, form).request == request
        time_machine.shift(timedelta(minutes=40))
        again = request_callback(contact, rules.inbox, form)

        assert (again.request, again.created) == (request, False)

    def test_even_when_the_call_was_made(self, contact, rules):
        form = wish(rules)
        request = ask(contact, rules, form).request
        CallbackRequest.objects.update(state="done", open_phone=None)

        assert ask(contact, rules, form).request == request
        assert CallbackRequest.objects.count() == 1

    def test_back_and_another_time_is_a_change_that_is_asked_about(self, contact, rules):
        form = wish(rules)
        request = ask(contact, rules, form).request
        other = replace(form, slot=SECOND)

        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, other)
        changed = ask(contact, rules, replace(other, replace=waits.value.replace))

        assert (changed.request, changed.changed) == (request, True)
        assert CallbackRequest.objects.get().slot_at == NOW + timedelta(hours=1)

    def test_back_and_another_number_is_told(self, contact, rules):
        form = wish(rules)
        ask(contact, rules, form)

        refused = rejected(contact, rules, replace(form, phone="0671234567"))

        assert refused.errors[""].startswith("This form was sent before with other content.")

    def test_anybody_elses_id_opens_nothing(self, contact, rules):
        form = wish(rules)
        theirs = ask(ContactFactory(), rules, form).request

        same, other = rejected(contact, rules, form), rejected(contact, rules, replace(form, about="x", slot=SECOND))

        assert same.errors == other.errors
        assert theirs.number not in str(same.errors)
        with pytest.raises(Rejected):
            check(None, rules.inbox, form, now=NOW)


class TestOneNumberOnePerson:
    def test_their_waiting_request_is_changed_once_they_say_so(self, contact, rules):
        request = ask(contact, rules).request
        form = wish(rules, phone="+380 50 1234567", slot=SECOND, about="And a trailer?", name="O.")

        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)
        assert CallbackRequest.objects.get().about == "Does it fit a bicycle?"
        changed = ask(contact, rules, replace(form, replace=waits.value.replace))

        assert waits.value.request == request
        assert (changed.request, changed.created, changed.changed) == (request, False, True)
        now = CallbackRequest.objects.get()
        assert (now.number, now.about, now.name) == (request.number, "And a trailer?", "O.")
        assert now.due_at == now.slot_at == NOW + timedelta(hours=1)
        assert now.first_promised_until == now.promised_until == NOW + timedelta(hours=1, minutes=30)
        assert (free_seats(rules, FIRST), free_seats(rules, SECOND)) == (2, 1)
        assert events(request) == [happenings.ASKED, happenings.MOVED]

    def test_changing_it_twice_by_the_same_form_changes_it_once(self, contact, rules):
        ask(contact, rules)
        form = wish(rules, slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)
        form = replace(form, replace=waits.value.replace)

        first, second = ask(contact, rules, form), ask(contact, rules, form)

        assert (first.changed, second.changed) == (True, False)
        assert events(first.request) == [happenings.ASKED, happenings.MOVED]

    def test_other_words_leave_the_promise_alone(self, contact, rules):
        request = ask(contact, rules).request
        form = wish(rules, about="Something else")
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)

        ask(contact, rules, replace(form, replace=waits.value.replace))

        request.refresh_from_db()
        assert request.about == "Something else"
        assert request.slot_at == NOW + timedelta(minutes=30)
        assert events(request) == [happenings.ASKED, happenings.MOVED]

    def test_nothing_new_writes_no_line(self, contact, rules):
        request = ask(contact, rules).request
        form = wish(rules)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)

        ask(contact, rules, replace(form, replace=waits.value.replace))

        assert events(request) == [happenings.ASKED]

    def test_a_missed_promise_stays_missed(self, contact, rules):
        request = ask(contact, rules).request
        CallbackRequest.objects.update(missed_at=NOW)
        form = wish(rules, slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)

        ask(contact, rules, replace(form, replace=waits.value.replace))

        now = CallbackRequest.objects.get()
        assert now.promised_until > request.promised_until
        assert now.first_promised_until == request.first_promised_until

    def test_their_own_seat_is_free_for_them(self, contact):
        rules = shop(seats=1)
        request = ask(contact, rules).request
        form = wish(rules, about="Something else")

        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)
        check(contact, rules.inbox, form, now=NOW)
        ask(contact, rules, replace(form, replace=waits.value.replace))

        assert CallbackRequest.objects.get().slot_at == request.slot_at

    def test_a_full_slot_is_told_in_a_change_too(self, contact):
        rules = shop(seats=1)
        ask(contact, rules)
        ask(ContactFactory(), rules, phone="0671234567", slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, about="x")

        refused = rejected(contact, rules, slot=SECOND, replace=waits.value.replace)

        assert refused.free.value == THIRD

    def test_once_it_is_over_the_number_may_ask_again(self, contact, rules):
        first = ask(contact, rules).request
        CallbackRequest.objects.update(state="done", open_phone=None)

        second = ask(contact, rules)

        assert second.created
        assert second.request != first

    def test_a_confirmation_for_a_request_that_is_over_asks_anew(self, contact, rules):
        first = ask(contact, rules).request
        form = wish(rules, slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)
        CallbackRequest.objects.update(state="done", open_phone=None)

        second = ask(contact, rules, replace(form, replace=waits.value.replace))

        assert second.created
        assert second.request != first

    def test_a_request_that_ends_right_before_it_is_changed_is_looked_at_again(self, contact, rules, monkeypatch):
        ask(contact, rules)
        form = wish(rules, slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)
        may_replace = links.may_replace

        def ends(token, contact, request):
            monkeypatch.setattr(links, "may_replace", may_replace)
            changing.cancel(CallbackRequest.objects.get(pk=request.pk))  # gone again with the transaction that stops
            return True

        monkeypatch.setattr(links, "may_replace", ends)
        changed = ask(contact, rules, replace(form, replace=waits.value.replace))

        assert changed.changed
        assert events(changed.request) == [happenings.ASKED, happenings.MOVED]

    def test_each_site_has_its_own_queue(self, contact, rules):
        other = shop(inbox=InboxFactory(hostname="other.example.test"))
        ask(contact, rules)

        assert ask(contact, other, slot=SECOND).created


class TestOneNumberTwoPeople:
    def test_the_second_learns_that_it_waits_and_nothing_else(self, contact, rules):
        theirs = ask(ContactFactory(), rules, name="Oksana", about="A secret", slot=SECOND).request

        refused = rejected(contact, rules, name="Olena")

        assert list(refused.errors) == ["phone"]
        assert refused.errors["phone"].startswith("This number waits for a call already.")
        for told in (theirs.number, "Oksana", "secret", "12:00", "10:00", "Monday"):
            assert told not in refused.errors["phone"]
        assert refused.free is None

    def test_nobody_changes_it_with_a_confirmation_of_another(self, contact, rules):
        stranger = ContactFactory()
        theirs = ask(stranger, rules).request
        mine = ask(contact, rules, phone="0671234567").request
        with pytest.raises(NumberWaits) as own:
            ask(contact, rules, phone="0671234567", slot=SECOND)
        with pytest.raises(NumberWaits) as strangers:
            ask(stranger, rules, slot=SECOND)

        for token in (own.value.replace, strangers.value.replace, "x", "x:y:z"):
            assert "phone" in rejected(contact, rules, slot=SECOND, replace=token).errors

        assert ask(stranger, rules, slot=SECOND, replace=strangers.value.replace).changed
        assert CallbackRequest.objects.get(pk=theirs.pk).slot_at == NOW + timedelta(hours=1)
        assert CallbackRequest.objects.get(pk=mine.pk).slot_at == NOW + timedelta(minutes=30)

    def test_a_confirmation_speaks_of_its_own_number_only(self, contact, rules):
        ask(contact, rules)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, slot=SECOND)
        form = wish(rules, slot=SECOND, replace=waits.value.replace)

        assert confirms(contact, rules.inbox, form)
        assert not confirms(contact, rules.inbox, replace(form, replace=""))
        assert not confirms(contact, rules.inbox, replace(form, phone="0671234567"))
        assert not confirms(ContactFactory(), rules.inbox, form)
        assert not confirms(None, rules.inbox, form)
        with pytest.raises(Rejected):
            confirms(contact, rules.inbox, replace(form, phone="x"))

    def test_a_confirmation_lasts_an_hour(self, contact, rules, time_machine):
        ask(contact, rules, slot=THIRD)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, slot="20261123T1300Z")

        time_machine.shift(3601)

        with pytest.raises(NumberWaits):
            request_callback(contact, rules.inbox, wish(rules, slot="20261123T1300Z", replace=waits.value.replace))

    def test_looking_at_the_form_tells_nothing_of_others(self, contact, rules):
        ask(ContactFactory(), rules)

        assert check(contact, rules.inbox, wish(rules), now=NOW) is None
        assert check(None, rules.inbox, wish(rules), now=NOW) is None

    @override_settings(SHOPCHAT={"RATE_LIMITS": {"callback_numbers": "2/day"}})
    def test_a_number_is_asked_for_so_often_a_day_whoever_asks(self, contact, rules):
        for _ in range(2):
            ask(ContactFactory(), rules)
            CallbackRequest.objects.update(state="cancelled", open_phone=None, slot_at=None, seat=None)

        refused = rejected(contact, rules)

        assert refused.errors["phone"] == (
            "Calls to this number were asked for very often. Please try again in 15 hours."
        )
        assert ask(contact, rules, phone="0671234567").created

    @override_settings(SHOPCHAT={"RATE_LIMITS": {"callback_numbers": "1/day"}})
    def test_what_was_not_stored_is_not_counted_for_the_number(self, contact, rules):
        for _ in range(3):
            rejected(contact, rules, slot="17")
            rejected(contact, rules, consent=False)

        assert ask(contact, rules).created


class TestTheCheck:
    def test_it_stores_nothing(self, contact, rules):
        before = stored()

        assert check(contact, rules.inbox, wish(rules), now=NOW) is None

        assert stored() == before

    def test_it_finds_what_storing_would(self, contact, rules):
        with pytest.raises(Rejected) as refused:
            check(contact, rules.inbox, wish(rules, phone="x"), now=NOW)
        assert "phone" in refused.value.errors
        with pytest.raises(Rejected) as refused:
            check(None, rules.inbox, wish(rules, slot="17"))
        assert "when" in refused.value.errors

    def test_it_knows_a_form_that_was_sent_before(self, contact, rules):
        form = wish(rules)
        request = ask(contact, rules, form).request

        assert check(contact, rules.inbox, form, now=NOW) == request


class TestNumbersToReadOut:
    def test_they_grow_before_a_length_is_full(self, rules):
        assert len(new_number()) == 4
        CallbackRequestFactory(pk=4499)
        assert len(new_number()) == 4
        CallbackRequestFactory(pk=4500)
        assert len(new_number()) == 5

    def test_a_taken_one_is_not_given_again(self, monkeypatch):
        CallbackRequestFactory(pk=1, number="1005")
        drawn = iter([5] * 8 + [7] * 8)
        monkeypatch.setattr("shopchat.callbacks.requesting.secrets.randbelow", lambda most: next(drawn))

        assert new_number() == "10007"

    def test_one_that_is_taken_meanwhile_is_drawn_again(self, contact, rules, monkeypatch):
        CallbackRequestFactory(number="1005")
        drawn = iter(["1005", "1006"])
        monkeypatch.setattr("shopchat.callbacks.requesting.new_number", lambda: next(drawn))

        assert ask(contact, rules).request.number == "1006"

    def test_a_database_that_refuses_for_ever_is_an_error(self, contact, rules, monkeypatch):
        CallbackRequestFactory(number="1005")
        monkeypatch.setattr("shopchat.callbacks.requesting.new_number", lambda: "1005")

        with pytest.raises(RuntimeError):
            ask(contact, rules)
