"""The races of callback requests. Each test says which change of the code it was seen to fail with."""

from dataclasses import replace

import pytest
from django.db import connection

from shopchat.callbacks import changing, happenings
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.refusing import NotWaiting, NumberWaits, Rejected
from shopchat.contacts import consents
from shopchat.conversations.models import Message
from tests.callbacks.asking import NOW, SECOND, THIRD, ask, shop, wish
from tests.factories import ContactFactory
from tests.interleavings.forcing import run_after, run_before

pytestmark = pytest.mark.django_db(transaction=True)
# Where a transaction locks all there is, nobody gets in between its first and its last statement.
LOCKS_ROWS = connection.vendor != "sqlite"
PROMISE = "shopchat.callbacks.requesting.promise"
OTHER_PHONE = "0671234567"


@pytest.fixture(autouse=True)
def _on_monday(time_machine):
    time_machine.move_to(NOW, tick=False)


def published(**kwargs):
    """A shop in which somebody has agreed before: the first of all agreements stores its text, and others wait for that."""
    rules = shop(**kwargs)
    consents.publish(rules.inbox, "callback", "en", "You may call me.")
    return rules


def same(request):
    return CallbackRequest.objects.get(pk=request.pk)


def events():
    return list(Message.objects.order_by("pk").values_list("event", flat=True))


class TestTwoBrowsersTypeOneNumber:
    def test_the_second_waits_for_the_first_and_is_told(self):
        """Fails without the unique constraint on the number that waits."""
        rules = published()
        other = ContactFactory()

        with run_after(PROMISE, lambda: ask(other, rules), ends=False) as second:
            mine = ask(ContactFactory(), rules)

        assert mine.created
        assert isinstance(second.result, Rejected)
        assert set(second.result.errors) == {"phone"}
        assert CallbackRequest.objects.get() == mine.request

    def test_the_first_is_told_if_the_second_was_faster(self):
        """Fails if ``request_callback`` does not look again after the constraint objected."""
        rules = published()
        mine, other = ContactFactory(), ContactFactory()
        loser = other

        with run_before(PROMISE, lambda: ask(other, rules), ends=LOCKS_ROWS) as second:
            if LOCKS_ROWS:
                with pytest.raises(Rejected) as refused:
                    ask(mine, rules)
                loser = mine
            else:
                ask(mine, rules)

        told = refused.value if LOCKS_ROWS else second.result
        assert set(told.errors) == {"phone"}
        assert CallbackRequest.objects.get().contact != loser


class TestTheSameFormTwice:
    @pytest.mark.parametrize("moment", [run_before, run_after])
    def test_the_second_waits_and_is_a_repetition(self, moment):
        """Fails if ``_take_in`` looks for the form before ``start`` has taken the contact's lock."""
        rules, contact = shop(seats=1), ContactFactory()
        form = wish(rules)

        with moment(PROMISE, lambda: ask(contact, rules, form), ends=False) as second:
            mine = ask(contact, rules, form)

        assert mine.created
        assert not second.result.created
        assert second.result.request == mine.request
        assert events() == [happenings.ASKED]

    def test_the_first_is_a_repetition_if_the_second_was_faster(self):
        """Fails if ``_take_in`` does not look for the form: its own request would be in its way."""
        rules, contact = shop(seats=1), ContactFactory()
        form = wish(rules)

        with run_after("shopchat.callbacks.wishes.clean", lambda: ask(contact, rules, form), ends=True) as second:
            mine = ask(contact, rules, form)

        assert second.result.created
        assert (mine.created, mine.request) == (False, second.result.request)


class TestTheLastSeat:
    def test_the_slower_one_is_told_the_next(self):
        """Fails if the seat that was seen is believed, or if ``NoSlot`` leaves ``request_callback``."""
        rules = published(seats=1)
        mine, other = ContactFactory(), ContactFactory()

        with run_before(PROMISE, lambda: ask(other, rules, phone=OTHER_PHONE), ends=LOCKS_ROWS) as second:
            if LOCKS_ROWS:
                with pytest.raises(Rejected) as refused:
                    ask(mine, rules)
            else:
                ask(mine, rules)

        told = refused.value if LOCKS_ROWS else second.result
        assert told.free.value == SECOND
        assert CallbackRequest.objects.count() == 1

    def test_the_same_holds_for_whoever_moves(self):
        """Fails if ``NoSlot`` leaves ``move``."""
        rules = published(seats=1)
        request = ask(ContactFactory(), rules).request
        other = ContactFactory()

        with run_before(
            "shopchat.callbacks.changing.promise",
            lambda: ask(other, rules, phone=OTHER_PHONE, slot=SECOND),
            ends=LOCKS_ROWS,
        ) as second:
            if LOCKS_ROWS:
                with pytest.raises(Rejected) as refused:
                    changing.move(request, SECOND, now=NOW)
            else:
                changing.move(request, SECOND, now=NOW)

        told = refused.value if LOCKS_ROWS else second.result
        assert told.free.value == THIRD
        seats = list(CallbackRequest.objects.values_list("slot_at", "seat"))
        assert len(seats) == len(set(seats))

    def test_right_away_is_looked_at_again_under_the_lock(self):
        """Fails if ``_promise_right_away`` believes what ``choose`` saw, where transactions lock rows."""
        rules = published(at_the_desk=True, seats=1)
        mine, other = ContactFactory(), ContactFactory()

        with run_before(PROMISE, lambda: ask(other, rules, phone=OTHER_PHONE, slot=""), ends=LOCKS_ROWS) as second:
            if LOCKS_ROWS:
                with pytest.raises(Rejected) as refused:
                    ask(mine, rules, slot="")
            else:
                ask(mine, rules, slot="")

        told = refused.value if LOCKS_ROWS else second.result
        assert set(told.errors) == {"when"}
        assert CallbackRequest.objects.count() == 1


class TestAChangeAndAnEnd:
    def test_what_was_called_off_meanwhile_is_asked_for_anew(self):
        """Fails if ``_change`` writes whatever state the row is in."""
        rules, contact = shop(), ContactFactory()
        request = ask(contact, rules).request
        form = wish(rules, slot=SECOND)
        with pytest.raises(NumberWaits) as waits:
            ask(contact, rules, form)

        with run_before(
            "shopchat.callbacks.requesting._change", lambda: changing.cancel(same(request)), ends=LOCKS_ROWS
        ):
            asked = ask(contact, rules, replace(form, replace=waits.value.replace))

        assert same(request).state == "cancelled"
        assert asked.created == LOCKS_ROWS
        assert CallbackRequest.objects.waiting().count() == (1 if LOCKS_ROWS else 0)

    def test_calling_off_waits_for_a_move_and_then_ends_it(self):
        """Fails without the write by which ``_hold`` begins, where transactions lock rows."""
        rules = published()
        request = ask(ContactFactory(), rules).request
        other = same(request)

        with run_before("shopchat.callbacks.changing.promise", lambda: changing.cancel(other), ends=False):
            changing.move(request, SECOND, now=NOW)

        stored = same(request)
        assert (stored.state, stored.seat, stored.open_phone) == ("cancelled", None, None)
        assert events() == [happenings.ASKED, happenings.MOVED, happenings.CANCELLED]

    def test_whoever_moves_what_was_just_called_off_is_told(self):
        """Fails if ``_hold`` believes the object that it was given."""
        request = ask(ContactFactory(), published()).request

        with (
            run_before("shopchat.callbacks.changing.move", lambda: changing.cancel(same(request)), ends=True),
            pytest.raises(NotWaiting),
        ):
            changing.move(request, SECOND, now=NOW)

        assert same(request).state == "cancelled"
        assert same(request).seat is None
