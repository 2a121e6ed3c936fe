"""What both sides read about a request."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from shopchat.callbacks import happenings, moments
from shopchat.callbacks.happenings import happened
from shopchat.conversations import events
from shopchat.conversations.models import Message
from tests.factories import CallbackRequestFactory, OperatorFactory

pytestmark = pytest.mark.django_db

# 15:00 in Kyiv.
BEGINS = datetime(2026, 11, 23, 13, tzinfo=UTC)
UNTIL = BEGINS + timedelta(minutes=30)
WHEN = "on November 23 between 15:00 and 15:30"


def request(**kwargs):
    return CallbackRequestFactory(number="4821", due_at=BEGINS, promised_until=UNTIL, **kwargs)


def words(event, request, **told):
    operator = told.pop("operator", None)
    return events.describe(happened(request, event, at=BEGINS, operator=operator, **told))


class TestCustomers:
    @pytest.mark.parametrize(
        ("event", "told", "says"),
        [
            ("callback_asked", {}, f"Callback C-4821: we will call you {WHEN}."),
            ("callback_moved", {}, f"Callback C-4821 has another time: we will call you {WHEN}."),
            ("callback_off", {}, "Callback C-4821 was cancelled. We will not call."),
            ("callback_tried", {}, f"We called you and could not reach you. We will try again {WHEN}."),
            ("callback_late", {"misses": 1}, f"We are sorry: we did not call you in time. We will call you {WHEN}."),
            (
                "callback_late",
                {"misses": 3},
                (
                    "We are sorry: once more we did not call you in time. The head of the team has been told. "
                    f"We will call you {WHEN}. You can also write to us here."
                ),
            ),
            ("callback_done", {"outcome": "talked"}, "We spoke on the phone: callback C-4821 is done."),
            ("callback_done", {"outcome": "refused"}, "You asked us not to call: callback C-4821 is closed."),
            (
                "callback_done",
                {"outcome": "wrong_number"},
                (
                    "We could not reach you: the number seems to be wrong. "
                    "Ask for a callback with another number, or write to us here."
                ),
            ),
            (
                "callback_done",
                {"outcome": "busy"},
                (
                    "We called you and could not reach you. We will not call again by ourselves: "
                    "ask for another callback whenever it suits you, or write to us here."
                ),
            ),
        ],
    )
    def test_they_read_it(self, event, told, says):
        asked = request()

        assert words(event, asked, **told) == says
        assert Message.objects.visible_to_contact().count() == 1

    def test_nothing_that_was_written_or_typed_is_in_a_line(self):
        asked = request(name="Olena Koval", about="my card is 4111", phone="+380441234567", page="/secret/")
        for event in [*happenings._PUBLIC, *happenings._PRIVATE]:
            happened(asked, event, at=BEGINS)

        whole = " ".join(f"{line.details} {events.describe(line)}" for line in Message.objects.all())

        assert "4821" in whole
        for private in ("Olena", "4111", "380441234567", "secret"):
            assert private not in whole


class TestOperators:
    @pytest.mark.parametrize(
        ("event", "told", "says"),
        [
            ("callback_taken", {}, "Anna took callback C-4821"),
            ("callback_free", {}, "Anna gave callback C-4821 back to the queue"),
            ("callback_given", {"to": "Boris"}, "Anna gave callback C-4821 to Boris"),
            (
                "callback_called",
                {"outcome": "talked", "result": "ordered", "again": False},
                "Anna called for callback C-4821: talked, ordered",
            ),
            (
                "callback_called",
                {"outcome": "busy", "result": "", "again": True},
                f"Anna called for callback C-4821: busy. Next call {WHEN}.",
            ),
            (
                "callback_called",
                {"outcome": "failed", "result": "", "again": False},
                "Anna called for callback C-4821: the call could not be made",
            ),
            ("callback_due", {}, f"It is time for callback C-4821, promised {WHEN}."),
            ("callback_soon", {"minutes": 1}, "Nobody has called for callback C-4821, and 1 minute is left."),
            ("callback_soon", {"minutes": 5}, "Nobody has called for callback C-4821, and 5 minutes are left."),
            ("callback_overdue", {}, f"Callback C-4821 was missed once more. It is now promised {WHEN}."),
        ],
    )
    def test_they_read_it_and_customers_do_not(self, event, told, says):
        anna = OperatorFactory(public_name="Anna")

        assert words(event, request(), operator=anna, **told) == says
        assert not Message.objects.visible_to_contact().exists()

    def test_somebody_who_is_gone_and_an_outcome_of_the_past_have_words(self):
        assert words("callback_called", request(), outcome="sang") == "An operator called for callback C-4821: sang"


class TestTimes:
    @pytest.mark.parametrize(
        ("zone", "says"),
        [
            ("Europe/Kyiv", WHEN),
            ("Europe/Sofia", WHEN),  # another name, the same clock
            ("Asia/Tokyo", "on November 23 between 22:00 and 22:30 (Tokyo, UTC+9)"),
            ("America/New_York", "on November 23 between 8:00 and 8:30 (New York, UTC−5)"),
            ("Asia/Kolkata", "on November 23 between 18:30 and 19:00 (Kolkata, UTC+5:30)"),
            ("Atlantic/Reykjavik", "on November 23 between 13:00 and 13:30 (Reykjavik, UTC)"),
            ("", WHEN),
            ("../../etc/passwd", WHEN),
            ("Nowhere/Atall", WHEN),
        ],
    )
    def test_they_are_the_customers_and_named_where_they_differ(self, zone, says):
        assert moments.between(BEGINS, UNTIL, zone) == says

    def test_an_operator_elsewhere_is_told_whose_clock_it_is(self):
        with timezone.override("Asia/Tokyo"):
            assert moments.between(BEGINS, UNTIL, "Europe/Kyiv") == f"{WHEN} (Kyiv, UTC+2)"

    def test_a_date_of_the_customer(self):
        assert moments.by(datetime(2026, 11, 23, 20, tzinfo=UTC), "Asia/Tokyo").startswith("on November 24 by 5:00")

    def test_as_soon_as_possible_has_no_beginning(self):
        assert words("callback_asked", request(is_asap=True)).endswith("we will call you on November 23 by 15:30.")

    def test_months_are_declined(self):
        with translation.override("uk"):
            assert "23 листопада" in moments.by(UNTIL, "Europe/Kyiv")
        with translation.override("ru"):
            assert "23 ноября" in moments.by(UNTIL, "Europe/Kyiv")


def test_names_of_events_fit_their_column():
    names = [*happenings._PUBLIC, *happenings._PRIVATE]

    assert len(names) == len(set(names)) == 13
    assert max(map(len, names)) <= Message._meta.get_field("event").max_length
