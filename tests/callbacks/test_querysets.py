"""Reading callback requests: sections that leave nobody out, and lists that cost the same however many there are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shopchat.callbacks.models import CallbackRequest
from tests.factories import CallbackRequestFactory, OperatorFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")
MINUTE = timedelta(minutes=1)


def at(minutes, *, lasts=30, **fields):
    begin = NOW + minutes * MINUTE
    return CallbackRequestFactory(due_at=begin, promised_until=begin + lasts * MINUTE, **fields)


@pytest.mark.parametrize(
    ("minutes", "lasts", "section"),
    [
        (-31, 30, "overdue"),
        (-30, 30, "overdue"),
        (-29, 30, "due_now"),
        (0, 30, "due_now"),
        (-5000, 6000, "due_now"),
        (1, 30, "later_today"),
        (12 * 60 - 1, 30, "later_today"),
        (12 * 60, 30, "upcoming"),  # midnight in Kyiv
        (60 * 24 * 60, 30, "upcoming"),
    ],
)
def test_whoever_waits_is_in_one_section(minutes, lasts, section):
    request = at(minutes, lasts=lasts)
    objects = CallbackRequest.objects
    sections = {
        "overdue": objects.overdue(NOW),
        "due_now": objects.due_now(NOW),
        "later_today": objects.later_today(NOW, KYIV),
        "upcoming": objects.upcoming(NOW, KYIV),
        "finished": objects.finished(),
    }

    assert [name for name, found in sections.items() if request in found] == [section]
    assert (request in objects.calling(OperatorFactory(), NOW)) is (section in ("overdue", "due_now"))


def test_who_is_over_is_in_no_other_section():
    done = at(-31, done=True)

    assert list(CallbackRequest.objects.finished()) == [done]
    assert not CallbackRequest.objects.overdue(NOW).exists()
    assert not CallbackRequest.objects.calling(OperatorFactory(), NOW).exists()


def test_the_day_in_which_the_clock_goes_back_ends_at_its_own_midnight():
    now = datetime(2026, 10, 24, 22, tzinfo=UTC)  # 01:00 in Kyiv; this day has 25 hours
    for hours, is_today in ((22, True), (23.9, True), (24, False)):
        request = CallbackRequestFactory(due_at=now + timedelta(hours=hours))
        assert (request in CallbackRequest.objects.later_today(now, KYIV)) is is_today
        assert (request in CallbackRequest.objects.upcoming(now, KYIV)) is not is_today


def test_the_sum_counts_up_to_its_limit_and_knows_the_newest(monkeypatch):
    anna = OperatorFactory()
    for minutes in (-90, -10, -20, 5):
        at(minutes, assignee=anna)
    at(-1, assignee=OperatorFactory())

    summed = CallbackRequest.objects.calling(anna, NOW).summed_up(NOW)

    assert summed == {"count": 3, "newest": NOW - 10 * MINUTE}
    assert CallbackRequest.objects.none().summed_up(NOW) == {"count": 0, "newest": None}
    monkeypatch.setattr("shopchat.callbacks.querysets.COUNTED_LIMIT", 2)
    assert CallbackRequest.objects.calling(anna, NOW).summed_up(NOW)["count"] == 2
    assert CallbackRequest.objects.overdue(NOW).counted() == 1


LISTS = {
    "overdue": (lambda: CallbackRequest.objects.overdue(NOW).in_order("promised_until"), "promise"),
    "due now": (lambda: CallbackRequest.objects.due_now(NOW).in_order("promised_until"), "promise"),
    "later today": (lambda: CallbackRequest.objects.later_today(NOW, KYIV).in_order("due_at"), "due"),
    "upcoming": (lambda: CallbackRequest.objects.upcoming(NOW, KYIV).in_order("due_at"), "due"),
    "a further page": (
        lambda: CallbackRequest.objects.upcoming(NOW, KYIV).in_order("due_at").beyond("due_at", NOW, 5),
        "due",
    ),
    "all by age": (lambda: CallbackRequest.objects.in_order("-created_at").beyond("-created_at", NOW, 5), "created"),
    "finished": (lambda: CallbackRequest.objects.finished().in_order("-closed_at"), "closed"),
    "the sum": (lambda: CallbackRequest.objects.calling(OperatorFactory(), NOW).order_by("-due_at"), "due"),
    "whole phone": (lambda: CallbackRequest.objects.search("+380441234821", whole_numbers=True), "tail"),
    "order number": (lambda: CallbackRequest.objects.search("100012", whole_numbers=False), "subject"),
    "request number": (lambda: CallbackRequest.objects.search("C-4821", whole_numbers=True), "number"),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_read_from_an_index(name):
    make, index = LISTS[name]

    plan = make()[:26].explain()

    assert "SCAN shopchat_callbackrequest" not in plan
    assert index in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


@pytest.mark.sqlite
def test_a_list_without_an_index_would_be_seen():
    plan = CallbackRequest.objects.filter(about="x").order_by("name").explain()

    assert "SCAN shopchat_callbackrequest" in plan
    assert "USE TEMP B-TREE FOR ORDER BY" in plan
