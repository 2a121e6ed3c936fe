"""Another time, or no call at all; the links by which a customer says so."""

from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone, translation

from shopchat.callbacks import changing, happenings, joining, links
from shopchat.callbacks.access import for_contact
from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.refusing import NotWaiting, Rejected
from shopchat.callbacks.slots import SlotFull
from shopchat.conversations.models import Message
from shopchat.signals import callback_cancelled
from tests.callbacks.asking import FIRST, NOW, SECOND, ask, free_seats, shop
from tests.factories import CallbackRequestFactory, ContactFactory, OperatorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_monday(time_machine):
    time_machine.move_to(NOW, tick=False)
    with translation.override("en"):
        yield


def lines(request):
    return list(Message.objects.filter(conversation=request.conversation).order_by("seq"))


class TestMoving:
    def test_the_seat_and_the_promise_move(self):
        rules = shop()
        request = ask(ContactFactory(), rules).request

        moved = changing.move(request, SECOND, now=NOW)

        stored = CallbackRequest.objects.get()
        assert moved == stored
        assert stored.slot_at == stored.due_at == NOW + timedelta(hours=1)
        assert stored.promised_until == stored.first_promised_until == NOW + timedelta(hours=1, minutes=30)
        assert (free_seats(rules, FIRST), free_seats(rules, SECOND)) == (2, 1)
        assert [line.event for line in lines(request)] == [happenings.ASKED, happenings.MOVED]

    def test_the_same_time_changes_nothing(self):
        rules = shop(seats=1)
        request = ask(ContactFactory(), rules).request

        changing.move(request, FIRST)

        assert [line.event for line in lines(request)] == [happenings.ASKED]

    def test_right_away_gives_the_seat_back(self):
        rules = shop(at_the_desk=True)
        request = ask(ContactFactory(), rules).request

        changing.move(request, "", now=NOW)

        request.refresh_from_db()
        assert request.is_asap
        assert request.slot_at is None
        assert request.promised_until == NOW + timedelta(minutes=15)
        assert free_seats(rules, FIRST) == 2

    def test_from_right_away_to_a_slot(self):
        rules = shop(at_the_desk=True)
        request = ask(ContactFactory(), rules, slot="").request

        changing.move(request, FIRST, now=NOW)

        request.refresh_from_db()
        assert not request.is_asap
        assert request.slot_at == NOW + timedelta(minutes=30)

    def test_a_full_slot_is_refused_with_the_next_one(self):
        rules = shop(seats=1)
        request = ask(ContactFactory(), rules).request
        ask(ContactFactory(), rules, phone="0671234567", slot=SECOND)

        with pytest.raises(Rejected) as refused:
            changing.move(request, SECOND, now=NOW)

        assert refused.value.free.value == "20261123T1030Z"
        assert CallbackRequest.objects.get(pk=request.pk).slot_at == NOW + timedelta(minutes=30)

    def test_a_slot_that_fills_at_the_last_moment_is_told_alike(self, monkeypatch):
        def faster(*args, **kwargs):
            raise SlotFull

        rules = shop()
        request = ask(ContactFactory(), rules).request
        monkeypatch.setattr("shopchat.callbacks.changing.promise", faster)

        with pytest.raises(Rejected) as refused:
            changing.move(request, SECOND, now=NOW)

        assert "when" in refused.value.errors
        assert [line.event for line in lines(request)] == [happenings.ASKED]

    def test_what_was_promised_moves_where_no_more_calls_are_offered(self):
        rules = shop()
        request = ask(ContactFactory(), rules).request
        rules.is_active = False
        rules.save()

        changing.move(request, SECOND, now=NOW)
        rules.delete()
        with pytest.raises(Rejected) as refused:
            changing.move(request, FIRST, now=NOW)

        assert CallbackRequest.objects.get().slot_at == NOW + timedelta(hours=1)
        assert "when" in refused.value.errors

    def test_a_missed_promise_stays_missed(self):
        rules = shop()
        request = ask(ContactFactory(), rules).request
        first = request.first_promised_until
        CallbackRequest.objects.update(missed_at=NOW)

        changing.move(request, SECOND, now=NOW)

        assert CallbackRequest.objects.get().first_promised_until == first

    def test_what_is_over_does_not_move(self):
        rules = shop()
        request = ask(ContactFactory(), rules).request
        changing.cancel(CallbackRequest.objects.get())

        with pytest.raises(NotWaiting) as error:
            changing.move(request, SECOND, now=NOW)

        assert error.value.request == request
        assert request.state == "cancelled"
        assert free_seats(rules, SECOND) == 2


class TestCallingItOff:
    def test_number_and_seat_are_free_again(self):
        rules = shop(seats=1)
        request = ask(ContactFactory(), rules).request

        changing.cancel(request, now=NOW)

        stored = CallbackRequest.objects.get()
        assert (stored.state, stored.closed_at, stored.open_phone) == ("cancelled", NOW, None)
        assert (stored.slot_at, stored.slot_until, stored.seat) == (None, None, None)
        assert free_seats(rules, FIRST) == 1
        assert ask(ContactFactory(), rules).created

    def test_the_line_says_who(self):
        operator = OperatorFactory()
        rules = shop()
        by_customer = ask(ContactFactory(), rules).request
        by_operator = ask(ContactFactory(), rules, phone="0671234567").request

        changing.cancel(by_customer)
        changing.cancel(by_operator, by=operator)

        assert (lines(by_customer)[-1].event, lines(by_customer)[-1].operator) == (happenings.CANCELLED, None)
        assert (lines(by_operator)[-1].event, lines(by_operator)[-1].operator) == (happenings.CANCELLED, operator)

    def test_twice_is_told_and_says_it_once(self):
        request = CallbackRequestFactory()
        other = CallbackRequestFactory()

        changing.cancel(request)
        with pytest.raises(NotWaiting):
            changing.cancel(CallbackRequest.objects.get(pk=request.pk))

        assert [line.event for line in lines(request)] == [happenings.CANCELLED]
        assert CallbackRequest.objects.get(pk=other.pk).is_waiting()

    def test_integrators_hear_of_it(self, django_capture_on_commit_callbacks):
        heard = []

        def listen(sender, request, **kwargs):
            heard.append((request, request.state))

        request = CallbackRequestFactory()
        callback_cancelled.connect(listen)
        with django_capture_on_commit_callbacks(execute=True):
            changing.cancel(request)
        callback_cancelled.disconnect(listen)

        assert heard == [(request, "cancelled")]


class TestLinks:
    def test_a_link_opens_its_request_and_no_other(self):
        request, other = CallbackRequestFactory(), CallbackRequestFactory()

        assert links.request_of(links.token(request)) == request
        assert links.request_of(links.token(other)) == other

    @pytest.mark.parametrize("token", ["", "x", "x:y:z", "1", "\x00", "ы", "1:1:1" * 1000])
    def test_a_forged_one_opens_nothing(self, token):
        request = CallbackRequestFactory()
        good = links.token(request)
        assert links.request_of(good)

        for forged in (token, good[:-1], "x" + good, signing.dumps(request.pk, salt="another")):
            with pytest.raises(links.BadLink):
                links.request_of(forged)

    def test_it_ends_with_the_request(self):
        request = CallbackRequestFactory()
        token = links.token(request)
        assert links.request_of(token)

        changing.cancel(request)
        with pytest.raises(links.Over) as over:
            links.request_of(token)
        assert over.value.request == request
        request.delete()
        with pytest.raises(links.BadLink) as gone:
            links.request_of(token)

        assert not isinstance(gone.value, links.Over)

    def test_it_ends_after_a_month_but_not_before_its_promise(self, time_machine):
        soon, late = CallbackRequestFactory(), CallbackRequestFactory(due_at=timezone.now() + timedelta(days=50))
        tokens = [links.token(soon), links.token(late)]

        time_machine.shift(timedelta(days=30))
        assert [links.request_of(token) for token in tokens] == [soon, late]
        time_machine.shift(timedelta(seconds=1))
        with pytest.raises(links.BadLink):
            links.request_of(tokens[0])
        assert links.request_of(tokens[1]) == late
        time_machine.shift(timedelta(days=21))
        with pytest.raises(links.BadLink):
            links.request_of(tokens[1])


def test_requests_move_to_the_account_that_a_browser_signs_in_to():
    old, new = ContactFactory(), ContactFactory(signed_in=True)
    request, other = CallbackRequestFactory(contact=old), CallbackRequestFactory()

    assert joining.join(old, new) == 1

    assert for_contact(new).get() == request
    assert not for_contact(old).exists()
    assert for_contact(other.contact).get() == other
