from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from shopchat import periodic
from shopchat.contacts.models import Contact
from shopchat.core import heartbeats, jobs
from shopchat.visitors import tidying
from shopchat.visitors.models import Visitor
from tests.factories import ContactFactory, ConversationFactory, OperatorFactory, receive, visitor_with_key

pytestmark = pytest.mark.django_db


def test_who_never_said_anything_is_forgotten_in_time():
    old = timezone.now() - tidying.KEPT_FOR - timedelta(hours=1)
    silent, _ = visitor_with_key()
    fresh, _ = visitor_with_key()
    talkative = ConversationFactory().contact
    account = ContactFactory(signed_in=True)
    Contact.objects.exclude(pk=fresh.contact.pk).update(created_at=old)

    assert tidying.forget_silent() == 1

    assert set(Contact.objects.all()) == {fresh.contact, talkative, account}
    assert not Visitor.objects.filter(pk=silent.pk).exists()


def test_one_run_forgets_a_bounded_number(monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    for _ in range(3):
        ContactFactory()
    later = timezone.now() + tidying.KEPT_FOR + timedelta(hours=1)

    assert [tidying.forget_silent(now=later) for _ in range(3)] == [2, 1, 0]


def test_the_command_tells_what_was_done():
    out = StringIO()

    call_command("shopchat_tick", stdout=out)

    assert "silent visitors forgotten: 0\n" in out.getvalue()


def test_work_that_fails_does_not_stop_the_rest(monkeypatch, caplog):
    def broken():
        raise ValueError("Olena Koval")

    monkeypatch.setattr(periodic, "WORK", {"first": broken, "second": lambda: 3})

    assert periodic.tick() == {"second": 3}
    assert "first (ValueError)" in caplog.text
    assert "Olena" not in caplog.text


def test_the_worker_gets_one_schedule_however_often_it_is_planned():
    schedule = jobs.apps.get_model("django_q", "Schedule")

    periodic.plan()
    periodic.plan()

    planned = schedule.objects.get(name="shopchat")
    assert (planned.func, planned.minutes, planned.repeats) == ("shopchat.periodic.tick", 1, -1)


def test_a_schedule_that_was_changed_is_put_right_by_the_next_migrate():
    schedule = jobs.apps.get_model("django_q", "Schedule")
    periodic.plan()
    schedule.objects.filter(name="shopchat").update(minutes=60, args="(1,)", repeats=0)

    periodic.plan()

    planned = schedule.objects.get(name="shopchat")
    assert (planned.minutes, planned.args, planned.repeats) == (1, None, -1)


def test_each_run_is_a_sign_of_life():
    assert heartbeats.is_silent(heartbeats.PERIODIC)

    periodic.tick()
    periodic.tick()

    assert not heartbeats.is_silent(heartbeats.PERIODIC)
    assert heartbeats.is_silent(heartbeats.PERIODIC, now=timezone.now() + timedelta(minutes=3))


def test_a_run_alerts_and_sends_what_is_due(mailoutbox):
    OperatorFactory()
    waiting = ConversationFactory()
    receive(waiting)
    type(waiting).objects.update(waiting_since=timezone.now() - timedelta(minutes=6))

    done = periodic.tick()

    assert (done["operators alerted"], done["deliveries sent"], len(mailoutbox)) == (1, 1, 1)


def test_without_the_queue_nothing_is_planned(monkeypatch):
    monkeypatch.setattr(periodic, "has_queue", lambda: False)
    planned = []
    monkeypatch.setattr(periodic, "keep_running", lambda *args, **kwargs: planned.append(args))

    periodic.plan()

    assert planned == []
