"""A person is erased wholly, and nobody else with them."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat.callbacks import access
from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.carts.models import BasketTransition, BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.carts.people import email_hash
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import Consent, Contact, Identity
from shopchat.conversations import events, starting
from shopchat.conversations.models import Conversation, Delivery, Message, Receipt
from shopchat.privacy import erasing
from shopchat.privacy.erasing import Stored, erase, erase_guests, stored, stored_of_guests
from shopchat.privacy.exporting import export
from shopchat.signals import callback_cancelled
from shopchat.touches.models import Suppression, Touch
from shopchat.visitors import holders
from shopchat.visitors.models import Revocation, Visitor
from shopchat.visitors.recognition import recognise
from tests.factories import (
    BasketWatchFactory,
    CallbackRequestFactory,
    ContactFactory,
    ConversationFactory,
    DeliveryFactory,
    IdentityFactory,
    receive,
    visitor_with_key,
)

pytestmark = pytest.mark.django_db


def test_what_there_was_is_told_in_numbers(olena):
    found = stored(olena.contact)

    assert erase(olena.contact) == found
    assert found == Stored(conversations=2, messages=4, addresses=1, browsers=1, callbacks=1, baskets=1)
    assert not stored(ContactFactory())
    assert found


def test_conversations_go_with_everything_in_them(olena, petro):
    erase(olena.contact)

    assert not Conversation.objects.filter(pk=olena.conversation.pk).exists()
    assert set(Message.objects.exclude(kind="system").values_list("conversation__contact", flat=True)) == {
        petro.contact.pk
    }
    assert set(Receipt.objects.values_list("conversation", flat=True)) == {petro.conversation.pk}
    assert list(Delivery.objects.all()) == [petro.delivery]
    assert list(Identity.objects.all()) == [petro.identity]
    assert list(Visitor.objects.all()) == [petro.visitor]


def test_a_request_stays_for_the_reports_without_the_person(olena, petro):
    erase(olena.contact)

    request = CallbackRequest.objects.get(pk=olena.request.pk)
    assert (request.phone, request.phone_tail, request.open_phone, request.name, request.about) == (
        "",
        "",
        None,
        "",
        "",
    )
    assert (request.subject_ref, request.subject_label, request.page, request.consent_page) == ("", "", "", "")
    assert (request.created_at, request.first_promised_until) == (
        olena.request.created_at,
        olena.request.first_promised_until,
    )
    assert request.erased_at is not None
    attempt = CallAttempt.objects.get(pk=olena.attempt.pk)
    assert (attempt.note, attempt.provider_id, attempt.outcome) == ("", "", "no_answer")
    petro.request.refresh_from_db()
    petro.attempt.refresh_from_db()
    assert (petro.request.name, petro.attempt.note) == ("Their Name", "Their neighbour answered")
    assert petro.request.erased_at is None


def test_who_waits_is_called_off_and_the_seat_is_free(olena, petro):
    for scene in (olena, petro):
        CallbackRequest.objects.filter(pk=scene.request.pk).update(
            slot_at=scene.request.due_at, slot_until=scene.request.promised_until, seat=scene.request.pk
        )

    erase(olena.contact)

    olena.request.refresh_from_db()
    petro.request.refresh_from_db()
    assert (olena.request.state, olena.request.seat, olena.request.slot_at) == ("cancelled", None, None)
    assert olena.request.closed_at is not None
    assert (petro.request.state, petro.request.seat) == ("waiting", petro.request.pk)


def test_integrators_hear_that_a_call_is_off_and_nothing_of_the_person(olena, django_capture_on_commit_callbacks):
    heard = []

    def listen(sender, request, **kwargs):
        heard.append(
            (
                request.pk,
                request.state,
                request.phone,
                request.name,
                request.about,
                request.contact.user,
                request.erased_at,
            )
        )

    callback_cancelled.connect(listen)
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):
        erase(olena.contact, now=now)
    callback_cancelled.disconnect(listen)

    assert heard == [(olena.request.pk, "cancelled", "", "", "", None, now)]


def test_every_request_is_held_before_the_first_conversation(olena):
    others = [
        CallbackRequestFactory(contact=olena.contact, conversation=olena.request.conversation),
        CallbackRequestFactory(contact=olena.contact, conversation=olena.conversation, done=True),
    ]
    keys = sorted(request.pk for request in (olena.request, *others))

    with CaptureQueriesContext(connection) as queries:
        erase(olena.contact)

    writes = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    tables = [sql.split()[1].strip('"`') for sql in writes]
    first = tables.index(Conversation._meta.db_table)
    held = [sql for sql, table in zip(writes, tables, strict=True) if table == CallbackRequest._meta.db_table]
    assert tables.index(CallbackRequest._meta.db_table) < first
    assert f"IN ({', '.join(map(str, keys))})" in held[0]


def test_a_request_that_was_done_stays_done(anna):
    done = CallbackRequestFactory(done=True)

    erase(done.contact)

    closed_at = done.closed_at
    done.refresh_from_db()
    assert (done.state, done.outcome, done.closed_at) == ("done", "talked", closed_at)


def test_what_the_request_hangs_on_is_empty_and_closed(olena):
    erase(olena.contact)

    conversation = Conversation.objects.get(pk=olena.request.conversation.pk)
    (line,) = conversation.messages.all()
    assert (conversation.state, conversation.page, conversation.waiting_since) == ("closed", "", None)
    assert (events.describe(line), line.is_private) == ("The customer's data was erased", True)
    assert line.seq == conversation.last_seq
    contact = conversation.contact
    assert (contact.user, contact.basket_ref, contact.name, contact.email) == (None, "", "", "")


def test_without_a_request_nothing_is_left():
    visitor, _key = visitor_with_key()
    other = receive(ConversationFactory()).conversation
    receive(ConversationFactory(contact=visitor.contact))

    erase(visitor.contact)

    assert list(Contact.objects.all()) == [other.contact]
    assert list(Conversation.objects.all()) == [other]


def test_a_basket_stays_for_the_reports_without_the_person(olena, petro):
    BasketWatch.objects.update(
        abandoned_at=olena.watch.state_at, held_out=False, how="link", email_hash="f00", source="x"
    )

    erase(olena.contact)

    watch = BasketWatch.objects.get(pk=olena.watch.pk)
    assert (watch.state, watch.ref, watch.contact, watch.user_id_text) == ("erased", f"erased:{watch.pk}", None, "")
    assert (watch.email_hash, watch.lines, watch.order_number, watch.source, watch.look_at) == ("", [], "", "", None)
    assert (watch.abandoned_at, watch.held_out, watch.how) == (olena.watch.state_at, False, "link")
    (step,) = BasketTransition.objects.filter(watch=watch)
    assert (step.from_state, step.to_state, step.at, step.details) == ("contacted", "erased", watch.erased_at, {})
    petro.watch.refresh_from_db()
    assert (petro.watch.state, petro.watch.contact, petro.watch.order_number) == ("contacted", petro.contact, "100042")


def test_nothing_more_is_sent_about_a_basket_and_its_links_are_over(olena, petro):
    erase(olena.contact)

    links = {link.watch_id: (link.lines, link.revoked_at is not None) for link in RecoveryLink.objects.all()}
    assert links == {olena.watch.pk: ([], True), petro.watch.pk: (petro.link.lines, False)}
    assert list(Touch.objects.all()) == [petro.touch]
    assert list(Consent.objects.all()) == [petro.consent]
    assert set(IssuedVoucher.objects.values_list("code", "person")) == {
        (olena.voucher.code, ""),
        (petro.voucher.code, petro.voucher.person),
    }


def test_whoever_wanted_no_advertising_is_left_alone_further_on(olena):
    Suppression.objects.create(channel="mail", address_hash="f00", reason="unsubscribed", created_at=timezone.now())

    erase(olena.contact)

    assert Suppression.objects.count() == 1


def test_the_account_is_the_shops_and_whoever_comes_back_is_somebody_new(olena):
    user = olena.contact.user

    erase(olena.contact)

    assert get_user_model().objects.filter(pk=user.pk).exists()
    again = contact_for(get_user_model().objects.get(pk=user.pk))
    assert again.pk != olena.contact.pk
    assert starting.current(again, olena.conversation.inbox) is None
    assert list(access.for_contact(again)) == []


def test_the_browsers_key_opens_nothing_any_more():
    visitor, key = visitor_with_key()
    CallbackRequestFactory(contact=visitor.contact)
    assert recognise(key=key, user=AnonymousUser()).contact == visitor.contact

    erase(visitor.contact)

    known = recognise(key=key, user=AnonymousUser())
    assert (known.contact, known.drop_key) == (None, True)


def test_live_updates_of_browser_and_account_end(olena):
    erase(olena.contact)

    revoked = set(Revocation.objects.values_list("holder", flat=True))
    assert revoked == {holders.of_visitor(olena.visitor.key_hash), holders.of_account(olena.contact.user)}


def test_the_desk_hears_of_it(olena, petro, monkeypatch):
    told = []
    monkeypatch.setattr(erasing.hints, "announce", lambda number, *, private: told.append((number, private)))

    erase(olena.contact)

    assert told == [(olena.conversation.number, False)]


def test_what_is_under_way_to_them_is_not_sent(olena):
    DeliveryFactory(conversation=olena.request.conversation)
    DeliveryFactory(conversation=None, identity=olena.identity)
    elsewhere = DeliveryFactory()

    erase(olena.contact)

    assert list(Delivery.objects.all()) == [elsewhere]


def test_all_or_nothing(olena, monkeypatch):
    def broken(contact):
        raise RuntimeError

    monkeypatch.setattr(erasing, "_forget", broken)
    before = stored(olena.contact)

    with pytest.raises(RuntimeError), transaction.atomic():
        erase(olena.contact)

    olena.request.refresh_from_db()
    assert (stored(olena.contact), olena.request.state, olena.request.name) == (before, "waiting", "Their Name")


def test_twice_is_once(olena):
    erase(olena.contact)
    contact = Contact.objects.get(pk=olena.contact.pk)

    again = erase(contact)

    assert (again.conversations, again.callbacks, again.addresses, again.browsers) == (1, 1, 0, 0)


def guests_basket(olena, email, **fields):
    """Of somebody who typed this address at the checkout."""
    ref = f"memory:guest{BasketWatch.objects.count()}"
    return BasketWatchFactory(ref=ref, inbox=olena.watch.inbox, email_hash=email_hash(email), **fields)


def states():
    return set(BasketWatch.objects.exclude(state="erased").values_list("pk", flat=True))


def test_baskets_of_a_guest_who_typed_a_proven_address_of_theirs_go_too(olena, petro):
    mine = [
        guests_basket(olena, olena.identity.value.upper()),
        guests_basket(olena, olena.contact.user.email, contact=ContactFactory()),
    ]
    other = guests_basket(olena, petro.identity.value)
    assert {watch.pk for watch in mine} < states()

    assert erase(olena.contact).baskets == 3

    assert states() == {petro.watch.pk, other.pk}
    for watch in mine:
        watch.refresh_from_db()
        assert (watch.email_hash, watch.contact, watch.lines) == ("", None, [])


def test_an_address_that_they_only_typed_takes_no_guests_basket_along(olena):
    IdentityFactory(contact=olena.contact, value="petro@mail.example", typed=True)
    theirs = guests_basket(olena, "petro@mail.example")

    erase(olena.contact)

    assert states() == {theirs.pk}


def test_a_guest_of_whom_nothing_but_the_hash_is_known_is_erased(olena, settings):
    Touch.objects.all().delete()
    mine = guests_basket(olena, "nina@mail.example", lines=[{"title": "Kayak"}])
    olena.touch.pk, olena.touch.purpose, olena.touch.about = None, "cart:nina", mine.ref
    olena.touch.save()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert stored_of_guests(" Nina@mail.example") == Stored(baskets=1)

    assert erase_guests(" Nina@mail.example") == Stored(baskets=1)

    mine.refresh_from_db()
    assert (mine.state, mine.email_hash, mine.lines) == ("erased", "", [])
    assert states() == {olena.watch.pk}
    assert not Touch.objects.exists()
    assert not stored_of_guests("nina@mail.example")


def test_a_basket_that_is_an_accounts_is_not_erased_for_the_address_that_was_typed(olena, petro):
    """Who typed it as a guest signed in since, or wrote to us with an account."""
    theirs = [
        guests_basket(olena, "nina@mail.example", user_id_text="77"),
        guests_basket(olena, "nina@mail.example", contact=petro.contact),
    ]
    assert {watch.pk for watch in theirs} < states()

    assert not erase_guests("nina@mail.example")
    assert not erase_guests("")

    assert {watch.pk for watch in theirs} < states()


def test_what_a_guest_typed_is_never_handed_out(olena):
    guests_basket(olena, olena.identity.value, lines=[{"title": "Kayak of whoever typed it"}])

    assert "Kayak" not in json.dumps(export(olena.contact))
