"""The door to django-q2."""

import pytest
from django.db import transaction

from shopchat.core import jobs

ORM = {"orm": "default", "timeout": 60, "retry": 120}
JOB = "shopchat.periodic.tick"


@pytest.fixture
def tasks(db):
    return jobs.apps.get_model("django_q", "OrmQ").objects


@pytest.fixture
def handed_over(monkeypatch):
    """What another broker than ours would have got."""
    calls = []
    monkeypatch.setattr(jobs, "import_string", lambda path: lambda *args, **kwargs: calls.append(args))
    return calls


@pytest.mark.django_db(transaction=True)
class TestWithTheOrmBroker:
    def test_a_task_is_part_of_the_transaction(self, tasks):
        with transaction.atomic():
            jobs.enqueue_later(JOB, 7)
            assert tasks.count() == 1

        assert (tasks.get().func(), tasks.get().args()) == (JOB, (7,))

    def test_what_is_rolled_back_was_never_asked_for(self, tasks):
        with transaction.atomic():
            jobs.enqueue_later(JOB, 7)
            transaction.set_rollback(True)

        assert tasks.count() == 0

    def test_the_same_call_is_one_task_and_another_is_another(self, tasks):
        with transaction.atomic():
            for ids in ((7,), (7,), (8,)):
                jobs.enqueue_later(JOB, *ids)

        assert sorted(task.args() for task in tasks.all()) == [(7,), (8,)]

    def test_a_savepoint_that_is_rolled_back_takes_its_call_along(self, tasks):
        with transaction.atomic():
            with transaction.atomic():
                jobs.enqueue_later(JOB, 7)
                transaction.set_rollback(True)
            jobs.enqueue_later(JOB, 7)

        assert tasks.count() == 1

    def test_outside_a_transaction_it_is_asked_for_at_once(self, tasks):
        jobs.enqueue_later(JOB)

        assert tasks.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("options", [{"redis": {}}, {"orm": "elsewhere"}, {**ORM, "sync": True}, {}])
class TestWithAnotherBroker:
    def test_a_task_follows_the_commit(self, settings, handed_over, options):
        settings.Q_CLUSTER = options

        with transaction.atomic():
            jobs.enqueue_later(JOB, 7)
            jobs.enqueue_later(JOB, 7)
            assert handed_over == []

        assert handed_over == [(JOB, 7)]

    def test_what_is_rolled_back_is_not_handed_over(self, settings, handed_over, options):
        settings.Q_CLUSTER = options

        with transaction.atomic():
            jobs.enqueue_later(JOB, 7)
            transaction.set_rollback(True)

        assert handed_over == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("options", [ORM, {"redis": {}}])
def test_a_broker_that_is_not_there_breaks_nothing(settings, monkeypatch, caplog, tasks, options):
    def refuse(*args, **kwargs):
        raise ConnectionError("redis://:secret@127.0.0.1")

    settings.Q_CLUSTER = options
    monkeypatch.setattr(jobs, "import_string", lambda path: refuse)

    with transaction.atomic():
        jobs.enqueue_later(JOB, 7)
        assert tasks.count() == 0, "the transaction can go on"

    assert "ConnectionError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_without_the_queue_nothing_is_asked_for(monkeypatch, tasks):
    jobs.enqueue_later(JOB, 7)
    assert tasks.count() == 1
    monkeypatch.setattr(jobs, "has_queue", lambda: False)

    jobs.enqueue_later(JOB, 8)

    assert tasks.count() == 1
