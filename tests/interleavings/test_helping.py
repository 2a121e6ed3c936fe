"""Two operators and one basket whose customer needs a person. Each test says which change of the code it was seen to fail
with."""

from functools import partial

import pytest

from shopchat.carts import helping
from shopchat.carts.helping import NotWanted, Taken
from shopchat.carts.models import BasketWatch
from tests.factories import BasketWatchFactory, OperatorFactory
from tests.interleavings.forcing import run_before
from tests.races import at_once as together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna")


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris")


@pytest.fixture
def watch():
    BasketWatchFactory(needs_help=True)
    return BasketWatchFactory(needs_help=True)


def same(watch):
    return BasketWatch.objects.get(pk=watch.pk)


def at_once(deed, watch, *operators):
    """What became of it for each of them."""
    return together(*[partial(deed, same(watch), operator) for operator in operators])


def test_of_two_at_once_one_takes_it_and_the_other_reads_who_was_faster(watch, anna, boris):
    """Fails if ``take`` looks first and writes then."""
    became = dict(zip((anna, boris), at_once(helping.take, watch, anna, boris), strict=True))

    winner = same(watch).helped_by
    assert became.pop(winner) is None
    assert list(became.values()) == [Taken(winner)]
    assert BasketWatch.objects.exclude(helped_by=None).count() == 1


def test_whoever_takes_what_was_taken_since_they_looked_reads_who_has_it(watch, anna, boris):
    """Fails if ``take`` believes the object that it was given."""
    other = same(watch)

    with (
        run_before("shopchat.carts.helping._moved", lambda: helping.take(other, boris), ends=True) as second,
        pytest.raises(Taken) as taken,
    ):
        helping.take(watch, anna)

    assert second.result is None
    assert (taken.value.by, same(watch).helped_by) == (boris, boris)


def test_the_second_waits_for_a_taking_that_is_not_committed(watch, anna, boris):
    """Fails if desks are told outside of the transaction in which the task is taken."""
    other = same(watch)

    with run_before(
        "shopchat.carts.helping.hints.announce_task", lambda: helping.take(other, boris), ends=False
    ) as second:
        helping.take(watch, anna)

    assert second.result == Taken(anna)
    assert same(watch).helped_by == anna


def test_a_task_that_was_finished_since_they_looked_is_nobodys(watch, anna, boris):
    """Fails if ``take`` believes the object that it was given."""
    other = same(watch)

    with (
        run_before("shopchat.carts.helping._moved", lambda: helping.finish(other, boris), ends=True),
        pytest.raises(NotWanted),
    ):
        helping.take(watch, anna)

    assert same(watch).helped_by == boris


def test_giving_back_and_taking_at_once_leaves_one_answer(watch, anna, boris):
    """Fails if ``release`` does not ask whose the task still is."""
    BasketWatch.objects.filter(pk=watch.pk).update(helped_by=anna)
    mine, again = same(watch), same(watch)

    def given_back_and_taken():
        helping.release(again, anna)
        helping.take(again, boris)

    with (
        run_before("shopchat.carts.helping._moved", given_back_and_taken, ends=True),
        pytest.raises(Taken) as taken,
    ):
        helping.release(mine, anna)

    assert (taken.value.by, same(watch).helped_by) == (boris, boris)


def test_of_two_who_finish_it_one_did(watch, anna, boris):
    """Fails if ``finish`` overwrites what is finished."""
    became = dict(zip((anna, boris), at_once(helping.finish, watch, anna, boris), strict=True))

    assert became.pop(same(watch).helped_by) is None
    assert [type(what) for what in became.values()] == [NotWanted]
