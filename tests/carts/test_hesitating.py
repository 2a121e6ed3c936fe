"""Who takes longer than the shop's own customers took: measured from its orders, and asked about by one query."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat.carts import hesitating, offering
from shopchat.carts.hesitating import FEWEST, MEASURED, measure
from shopchat.carts.models import BasketWatch, CartRules, DecisionTime
from shopchat.touches.models import TouchRules
from tests.factories import BasketWatchFactory, InboxFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def inbox():
    inbox = InboxFactory()
    CartRules.objects.create(inbox=inbox, onsite="bubble", hesitation=True)
    TouchRules.objects.create(inbox=inbox, holdout_percent=0)
    return inbox


def ordered(inbox, minutes, *, at=NOW - DAY, **fields):
    """A basket that was ordered so many minutes after its last change."""
    values = {"state": "ordered", "state_at": at, "last_activity": at - minutes * MINUTE, "ordered_at": at}
    return BasketWatchFactory(inbox=inbox, **{**values, **fields})


def filling(inbox, *, minutes=0):
    return BasketWatchFactory(inbox=inbox, state="active", last_activity=NOW - minutes * MINUTE)


def asked(watch):
    """As a page asks for it."""
    return offering.waiting(refs=[watch.ref], user_id=None, hostname="shop.example")


def seconds(watch):
    return offering.seconds_until(asked(watch), NOW)


def decided_within(inbox, minutes, orders=FEWEST):
    DecisionTime.objects.create(inbox=inbox, seconds=minutes * 60, orders=orders, measured_at=NOW)


@pytest.mark.parametrize(("spans", "within"), [([], 0), ([7], 7), (range(1, 11), 9), (range(30, 0, -1), 27)])
def test_nine_of_ten_had_ordered_within(spans, within):
    assert hesitating.percentile(list(spans)) == within


def test_a_site_measures_its_own_customers(inbox):
    other = InboxFactory(hostname="other.example")
    CartRules.objects.create(inbox=other, onsite="bubble", hesitation=True)
    for minutes in range(1, 11):
        ordered(inbox, minutes)
    ordered(other, 500)

    assert measure(NOW) == 2

    assert DecisionTime.objects.get(inbox=inbox).seconds == 9 * 60
    assert DecisionTime.objects.get(inbox=other).orders == 1


def test_only_what_somebody_decided_lately_counts(inbox):
    ordered(inbox, 3)
    ordered(inbox, 500, reason="elsewhere")
    ordered(inbox, 500, at=NOW - 100 * DAY)
    ordered(inbox, -5)
    ordered(inbox, 500, ordered_at=None)
    filling(inbox, minutes=500)

    measure(NOW)

    measured = DecisionTime.objects.get()
    assert (measured.seconds, measured.orders) == (180, 1)


def test_of_many_the_latest_are_enough(inbox, monkeypatch):
    monkeypatch.setattr(hesitating, "MOST", 2)
    for days in (1, 2, 3):
        ordered(inbox, days, at=NOW - days * DAY)

    measure(NOW)

    assert DecisionTime.objects.get().seconds == 120


def test_it_is_measured_once_a_day_and_where_it_is_wanted(inbox):
    assert measure(NOW) == 1
    ordered(inbox, 3)
    with CaptureQueriesContext(connection) as captured:
        assert measure(NOW + MEASURED - MINUTE) == 0
    assert len(captured) == 1

    assert measure(NOW + MEASURED) == 1
    assert DecisionTime.objects.get().orders == 1

    CartRules.objects.update(hesitation=False)
    assert measure(NOW + 2 * MEASURED) == 0
    CartRules.objects.update(hesitation=True, onsite="off")
    assert measure(NOW + 2 * MEASURED) == 0


@pytest.mark.parametrize(
    ("minutes", "orders", "expected"),
    [
        pytest.param(8, FEWEST, 3 * 60, id="the shop's own"),
        pytest.param(8, FEWEST - 1, 25 * 60, id="too few to tell: once it is idle"),
        pytest.param(1000, FEWEST, 25 * 60, id="never later than that"),
        pytest.param(1, FEWEST, 0, id="those are over"),
    ],
)
def test_somebody_hesitates_after(inbox, minutes, orders, expected):
    decided_within(inbox, minutes, orders)

    assert seconds(filling(inbox, minutes=5)) == expected


def test_however_quick_the_others_are_nobody_is_asked_at_once(inbox):
    decided_within(inbox, 0)

    assert seconds(filling(inbox)) == 120


def test_where_nothing_was_measured_a_basket_is_idle_first(inbox):
    assert seconds(filling(inbox)) == 30 * 60


def test_asking_is_one_query_all_the_same(inbox):
    decided_within(inbox, 8)
    watch = filling(inbox, minutes=5)

    with CaptureQueriesContext(connection) as captured:
        assert seconds(watch) == 180

    assert len(captured) == 1


def test_whoever_comes_back_need_not_hesitate(inbox):
    watch = filling(inbox)
    BasketWatch.objects.update(state="abandoned")

    assert asked(watch) == watch
    assert seconds(watch) is None


def test_those_who_hesitate_are_spoken_to_only_where_the_site_wants_it_and_once(inbox):
    watch = filling(inbox, minutes=40)
    CartRules.objects.update(hesitation=False)
    assert asked(watch) is None
    CartRules.objects.update(hesitation=True)

    assert offering.offer(asked(watch), NOW)

    assert asked(watch) is None
    BasketWatch.objects.update(state="abandoned")
    assert asked(watch) is None
