"""The figures of callback requests, each beside requests that must not count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.reports import callbacks
from shopchat.reports.callbacks import About, chosen, figures, promise_of, zone_for
from shopchat.reports.shares import Share
from shopchat.reports.spans import Span, last_days
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    InboxFactory,
    OperatorFactory,
    ScheduleFactory,
)

pytestmark = pytest.mark.django_db

KYIV = ZoneInfo("Europe/Kyiv")
NOVEMBER = Span(date(2026, 11, 1), date(2026, 11, 30), KYIV)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def minutes(count):
    return timedelta(minutes=count)


HALF_AN_HOUR = minutes(30)


def asked(at=NOW - timedelta(days=1), *, called=None, promised=HALF_AN_HOUR, ended=None, reached=False, **fields):
    """A request that came in then; the other moments are counted from it."""
    first = None if called is None else at + called
    return CallbackRequestFactory(
        created_at=at,
        due_at=at,
        promised_until=at + promised,
        first_promised_until=at + promised,
        first_attempt_at=first,
        reached_at=first if reached else None,
        closed_at=None if ended is None else at + ended,
        **fields,
    )


def found(**about):
    return figures(About(NOVEMBER, **about), now=NOW)


PROMISES = [
    ("kept", {"called": minutes(29)}),
    ("kept", {"called": minutes(30)}),
    ("kept", {"called": minutes(5), "reached": True, "ended": minutes(9), "state": "done"}),
    ("kept", {"called": minutes(5), "ended": minutes(9), "state": "cancelled"}),
    ("missed", {"called": minutes(30) + timedelta(microseconds=1)}),
    ("missed", {}),
    ("missed", {"ended": minutes(31), "state": "cancelled"}),
    ("withdrawn", {"ended": minutes(30), "state": "cancelled"}),
    ("withdrawn", {"ended": minutes(2), "promised": timedelta(days=3), "state": "cancelled"}),
    ("open", {"promised": timedelta(days=1)}),
    ("open", {"promised": timedelta(days=3)}),
]


@pytest.mark.parametrize(("word", "history"), PROMISES)
def test_what_became_of_a_promise(word, history):
    request = asked(**history)

    promises = found().promises

    counted = {
        "kept": promises.kept.part,
        "missed": promises.missed,
        "open": promises.open,
        "withdrawn": promises.withdrawn,
    }
    assert {name for name, count in counted.items() if count} == {word}
    assert promise_of(request, now=NOW) == word


def test_each_promise_is_counted_once_and_the_share_is_of_those_that_are_settled():
    for _word, history in PROMISES:
        asked(**history)

    promises = found().promises

    assert promises.kept == Share(4, 7)
    assert (promises.missed, promises.open, promises.withdrawn) == (3, 2, 2)


def test_a_promise_that_was_made_anew_does_not_mend_the_first():
    request = asked(called=minutes(45))
    CallbackRequest.objects.filter(pk=request.pk).update(promised_until=NOW + timedelta(days=1))

    assert found().promises.kept == Share(0, 1)


def test_days_are_those_of_the_zone():
    asked(datetime(2026, 10, 31, 21, 59, tzinfo=UTC))  # 23:59 in Kyiv
    first = asked(datetime(2026, 10, 31, 22, 0, tzinfo=UTC))
    last = asked(datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC))
    asked(datetime(2026, 11, 30, 22, 0, tzinfo=UTC))

    assert set(chosen(About(NOVEMBER))) == {first, last}
    assert found().requests == 2


def test_one_site_alone():
    here, there = InboxFactory(hostname="a.example"), InboxFactory(hostname="b.example")
    asked(inbox=here, called=minutes(1), reached=True)
    CallAttemptFactory(request=asked(inbox=there, called=minutes(1)), started_at=NOW, outcome="busy")

    of_one, of_all = found(inbox=here), found()

    assert (of_one.requests, of_all.requests) == (1, 2)
    assert (of_one.reached, of_all.reached) == (Share(1, 1), Share(1, 2))
    assert (of_one.attempts, of_all.attempts) == (0, 1)


def test_an_operators_own_figures():
    anna, boris = OperatorFactory(public_name="Anna"), OperatorFactory(public_name="Boris")
    both, other = asked(called=minutes(1), reached=True), asked(called=minutes(1))
    CallAttemptFactory(request=both, operator=anna, started_at=NOW, outcome="no_answer")
    CallAttemptFactory(request=both, operator=anna, started_at=NOW, outcome="busy")
    CallAttemptFactory(request=both, operator=boris, started_at=NOW, outcome="talked")
    CallAttemptFactory(request=other, operator=boris, started_at=NOW, outcome="busy")
    asked()

    own = found(operator=anna)

    assert (own.requests, own.attempts, own.reached) == (1, 2, Share(1, 1))
    assert [row.name for row in own.operators] == ["Anna"]
    assert found(operator=boris).requests == 2


def test_how_long_the_first_call_took():
    inbox = CallbackRulesFactory(slot_minutes=60).inbox
    for wait in (1, 3, 20):
        asked(inbox=inbox, is_asap=True, promised=minutes(15), called=minutes(wait))
    # In a slot of an hour: promised from 11:00 to 12:00, asked for at 10:00.
    for called in (70, 90):
        asked(inbox=inbox, promised=minutes(120), called=minutes(called))
    asked(inbox=inbox, is_asap=True)

    both = found()

    assert (both.soon.count, both.soon.median, both.soon.mean) == (3, minutes(3), minutes(8))
    assert (both.slots.count, both.slots.median) == (2, minutes(20))


def test_the_wait_begins_with_the_promise_that_the_customer_last_chose():
    request = asked(is_asap=True, promised=timedelta(hours=5), called=timedelta(hours=4, minutes=50))

    assert found().soon.median == minutes(5)  # a quarter of an hour was promised, at 4:45

    CallbackRequest.objects.filter(pk=request.pk).update(is_asap=False)
    assert (found().soon.count, found().slots.median) == (0, minutes(20))


def test_who_was_to_be_called_right_away_stays_so_when_the_call_is_repeated():
    asked(is_asap=False, promised=minutes(15), called=minutes(6))

    assert (found().soon.median, found().slots.count) == (minutes(6), 0)


def test_a_call_before_the_slot_waited_for_nothing():
    asked(promised=minutes(120), called=minutes(10))  # a slot of half an hour: the site has no rules

    assert found().slots.median == minutes(0)


def test_the_latest_calls_stand_for_a_span_with_very_many(monkeypatch):
    monkeypatch.setattr(callbacks, "WAITS", 2)
    for day, wait in ((3, 40), (2, 4), (1, 2)):
        asked(NOW - timedelta(days=day), is_asap=True, promised=minutes(15), called=minutes(wait))

    assert (found().soon.count, found().soon.median) == (2, minutes(3))


def test_nothing_asked_for_is_nothing_to_divide():
    none = found()

    assert (none.requests, none.promises.kept.percent, none.reached.percent) == (0, None, None)
    assert (none.soon.median, none.slots.mean, none.week.most) == (None, None, 0)
    assert (none.hours, none.operators, none.pages, none.other_pages) == ([], [], [], 0)


def test_a_request_is_reached_when_anybody_spoke_to_the_customer():
    asked(called=minutes(1), reached=True)
    asked(called=minutes(1))
    asked()

    assert found().reached == Share(1, 2)


@pytest.mark.parametrize(
    ("outcome", "share"),
    [
        ("talked", Share(1, 1)),
        ("call_later", Share(1, 1)),
        ("refused", Share(1, 1)),
        ("no_answer", Share(0, 1)),
        ("busy", Share(0, 1)),
        ("wrong_number", Share(0, 1)),
        ("failed", Share(0, 0)),
        ("", Share(0, 0)),
    ],
)
def test_an_attempt_reached_whoever_answered_it(outcome, share):
    CallAttemptFactory(request=asked(called=minutes(1)), started_at=NOW, outcome=outcome)

    assert [row.reached for row in found().operators] == [share]


def test_every_outcome_has_been_thought_of():
    named = {"talked", "call_later", "refused", "no_answer", "busy", "wrong_number", "failed"}

    assert set(CallAttempt.Outcome.values) == named


def test_operators_by_their_attempts():
    anna, boris = OperatorFactory(public_name="Anna"), OperatorFactory(public_name="Boris")
    one, two = asked(called=minutes(1)), asked(called=minutes(1))
    for request, operator, outcome, seconds in (
        (one, boris, "no_answer", None),
        (one, boris, "talked", 200),
        (two, boris, "talked", 40),
        (two, anna, "busy", None),
    ):
        CallAttemptFactory(
            request=request, operator=operator, outcome=outcome, duration_seconds=seconds, started_at=NOW
        )
    CallAttemptFactory(request=asked(datetime(2026, 10, 1, tzinfo=UTC)), operator=anna, outcome="talked")
    anna.user.delete()  # takes the operator along and leaves the attempts without one

    rows = found().operators

    assert [(row.name, row.requests, row.attempts, row.reached) for row in rows] == [
        ("Boris", 2, 3, Share(2, 3)),
        ("", 1, 1, Share(0, 1)),
    ]
    assert [row.spoken for row in rows] == [timedelta(seconds=240), timedelta()]


def test_pages_by_their_requests(monkeypatch):
    monkeypatch.setattr(callbacks, "PAGES", 2)
    for _ in range(2):
        asked(page="/boots/", called=minutes(1), reached=True)
    asked(page="/boots/", called=minutes(40))
    asked(page="", promised=timedelta(days=2))
    asked(page="", promised=timedelta(days=2))
    asked(page="/tents/")

    everything = found()

    assert [(row.page, row.requests, row.kept, row.reached) for row in everything.pages] == [
        ("/boots/", 3, Share(2, 3), Share(2, 3)),
        ("", 2, Share(0, 0), Share(0, 0)),
    ]
    assert everything.other_pages == 1


def test_hours_and_weekdays_are_those_of_the_zone():
    asked(datetime(2026, 11, 22, 22, 30, tzinfo=UTC))  # Monday 00:30 in Kyiv
    call = CallAttemptFactory(request=asked(datetime(2026, 11, 20, 7, 59, tzinfo=UTC)), outcome="talked")
    CallAttempt.objects.filter(pk=call.pk).update(started_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))

    everything = found()

    counts = everything.week.counts
    assert (counts[0][0], counts[4][9], sum(map(sum, counts)), everything.week.most) == (1, 1, 2, 1)
    assert (everything.week.by_weekday, everything.week.by_hour[9]) == ([1, 0, 0, 0, 1, 0, 0], 1)
    assert [(row.hour, row.requests, row.reached) for row in everything.hours] == [
        (0, 1, Share(0, 0)),
        (9, 1, Share(0, 0)),
        (17, 0, Share(1, 1)),
    ]


@pytest.mark.parametrize(
    ("zone", "moment", "weekday", "hour"),
    [
        # Before and after the clocks change, in two zones, each way.
        ("Europe/Kyiv", "2026-03-29T00:59+00:00", 6, 2),
        ("Europe/Kyiv", "2026-03-29T01:00+00:00", 6, 4),
        ("Europe/Kyiv", "2026-10-25T00:30+00:00", 6, 3),
        ("Europe/Kyiv", "2026-10-25T01:30+00:00", 6, 3),
        ("America/New_York", "2026-03-08T06:59+00:00", 6, 1),
        ("America/New_York", "2026-03-08T07:00+00:00", 6, 3),
        ("America/New_York", "2026-11-01T05:30+00:00", 6, 1),
        ("America/New_York", "2026-11-01T06:30+00:00", 6, 1),
        # Zones that are not whole hours away.
        ("Asia/Kathmandu", "2026-11-22T18:14+00:00", 6, 23),
        ("Asia/Kathmandu", "2026-11-22T18:15+00:00", 0, 0),
        ("Asia/Kolkata", "2026-11-22T18:29:59+00:00", 6, 23),
        ("Asia/Kolkata", "2026-11-22T18:30+00:00", 0, 0),
        ("Pacific/Kiritimati", "2026-11-22T10:00+00:00", 0, 0),
    ],
)
def test_the_hour_of_a_moment(zone, moment, weekday, hour):
    asked(datetime.fromisoformat(moment))
    span = Span(date(2026, 1, 1), date(2026, 12, 31), ZoneInfo(zone))

    counts = figures(About(span), now=NOW).week.counts

    assert [(day, at) for day in range(7) for at in range(24) if counts[day][at]] == [(weekday, hour)]


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    def shop(count):
        for _ in range(count):
            request = asked(called=minutes(1), page=f"/{count}/")
            CallAttemptFactory(request=request, operator=OperatorFactory(), started_at=NOW, outcome="talked")

    shop(1)
    with django_assert_num_queries(6):
        found()
    shop(9)
    with django_assert_num_queries(6):
        assert found().requests == 10


def test_the_zone_is_that_of_the_calls(settings):
    kyiv = CallbackRulesFactory(inbox__hostname="a.example").inbox
    assert zone_for(None) == zone_for(kyiv) == KYIV

    tokyo = CallbackRulesFactory(
        inbox=InboxFactory(hostname="b.example"), schedule=ScheduleFactory(time_zone="Asia/Tokyo")
    ).inbox

    assert zone_for(tokyo) == ZoneInfo("Asia/Tokyo")
    assert zone_for(None) == zone_for(InboxFactory(hostname="c.example")) == ZoneInfo(settings.TIME_ZONE)


def test_the_present_moment_is_taken_by_itself():
    asked(timezone.now() - minutes(40))
    asked(timezone.now(), promised=minutes(40))

    promises = figures(About(last_days(7, KYIV))).promises

    assert (promises.missed, promises.open) == (1, 1)
