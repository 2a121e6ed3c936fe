"""What a visitor is told about who answers, and when."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from shopchat_widget.presence import answering
from tests.factories import ConversationFactory, InboxFactory, OperatorFactory, ScheduleFactory

KYIV = ZoneInfo("Europe/Kyiv")
WRITE = "Write to us: we answer as soon as somebody is here."

pytestmark = pytest.mark.django_db


def status(moment, **schedule):
    inbox = InboxFactory(schedule=ScheduleFactory(**schedule))
    return answering(inbox, None, now=moment).status


def kyiv(day, hour, minute=0):
    """A moment in November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=KYIV)


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (kyiv(23, 7), "We answer from 9:00 today (Kyiv, UTC+2)"),
        (kyiv(23, 19), "We answer from 9:00 tomorrow (Kyiv, UTC+2)"),
        (kyiv(21, 12), "We answer from Monday, 9:00 (Kyiv, UTC+2)"),
        (kyiv(22, 23, 59), "We answer from 9:00 tomorrow (Kyiv, UTC+2)"),
        (kyiv(23, 10), WRITE),
    ],
)
def test_hours_are_told_in_the_shops_zone(moment, told):
    assert status(moment) == told


def test_the_zone_is_the_shops_wherever_the_server_stands():
    with timezone.override("America/New_York"):
        assert status(kyiv(23, 7)) == "We answer from 9:00 today (Kyiv, UTC+2)"


@pytest.mark.parametrize(
    ("zone", "told"),
    [("Asia/Kolkata", "(Kolkata, UTC+5:30)"), ("UTC", "(UTC, UTC)"), ("America/New_York", "(New York, UTC−5)")],
)
def test_offsets_are_told_as_people_read_them(zone, told):
    assert told in status(datetime(2026, 11, 21, 12, tzinfo=ZoneInfo(zone)), time_zone=zone)


def test_one_day_in_the_week_is_told_with_its_date():
    assert status(kyiv(23, 19), weekdays=[0]) == "We answer from November 30, 9:00 (Kyiv, UTC+2)"


@pytest.mark.parametrize("weekday", range(7))
def test_every_weekday_has_its_sentence(weekday):
    moment = kyiv(23 + weekday, 19)
    opens = (weekday + 3) % 7

    told = status(moment, weekdays=[opens])

    name = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[opens]
    assert told == f"We answer from {name}, 9:00 (Kyiv, UTC+2)"


def test_without_hours_nothing_is_promised():
    assert answering(InboxFactory(), None).status == WRITE
    assert status(kyiv(23, 7), weekdays=[]) == WRITE


def test_whoever_is_here_answers():
    OperatorFactory(public_name="Away")
    OperatorFactory(public_name="Anna", present=True)

    told = answering(InboxFactory(), None)

    assert (told.name, told.is_online, told.status) == ("Anna", True, "Online")


def test_the_one_who_took_the_conversation_comes_first():
    boris = OperatorFactory(public_name="Boris", present=True)
    OperatorFactory(public_name="Anna", present=True)

    told = answering(InboxFactory(), ConversationFactory(assignee=boris))

    assert told.name == "Boris"


def test_nobody_is_called_online_who_is_not():
    boris = OperatorFactory(public_name="Boris")
    conversation = ConversationFactory(assignee=boris)

    alone = answering(InboxFactory(), conversation)
    OperatorFactory(public_name="Anna", present=True)
    together = answering(InboxFactory(), conversation)

    assert (alone.name, alone.is_online, alone.status) == ("Boris", False, WRITE)
    assert (together.name, together.is_online) == ("Anna", True)


def test_the_staffs_own_words_are_shown_in_their_language():
    inbox = InboxFactory(
        texts={
            "uk": {"title": "Стежка", "welcome": "Вітаємо!", "away": "Зараз нікого немає."},
            "en": {"title": "Trail"},
        }
    )

    with translation.override("uk"):
        ukrainian = answering(inbox, None)
    english = answering(inbox, None)

    assert (ukrainian.name, ukrainian.greeting) == ("Стежка", "Вітаємо!\n\nЗараз нікого немає.")
    assert (english.name, english.greeting) == ("Trail", "Hello! How can we help?")
