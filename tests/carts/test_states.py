"""From each state by one door: from the state that was read, and with a line."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.carts import states
from shopchat.carts.models import BasketTransition, BasketWatch
from tests.factories import BasketWatchFactory

pytestmark = pytest.mark.django_db
State = BasketWatch.State


def read_again(watch):
    return BasketWatch.objects.get(pk=watch.pk)


def test_a_basket_moves_and_leaves_a_line():
    watch, other = BasketWatchFactory(), BasketWatchFactory()
    at = timezone.now()

    assert states.move(watch, State.CONTACTED, at=at, reason="reminder", details={"step": 1}, contacted_at=at)

    assert read_again(watch).state == watch.state == State.CONTACTED
    assert read_again(watch).contacted_at == at
    line = BasketTransition.objects.get()
    assert (line.watch, line.from_state, line.to_state) == (watch, State.ABANDONED, State.CONTACTED)
    assert (line.reason, line.details, line.at) == ("reminder", {"step": 1}, at)
    assert read_again(other).state == State.ABANDONED


def test_it_moves_only_from_where_it_was_seen():
    seen, watch = BasketWatchFactory(), None
    watch = read_again(seen)
    states.move(watch, State.RETURNED, at=timezone.now())

    assert not states.move(seen, State.EXPIRED, at=timezone.now())

    assert read_again(seen).state == State.RETURNED
    assert BasketTransition.objects.count() == 1


def test_many_move_together_or_not_at_all():
    first, second = BasketWatchFactory(), BasketWatchFactory()
    states.move(read_again(second), State.RETURNED, at=timezone.now())

    with pytest.raises(states.Contended):
        states.move_all([first, second], State.EXPIRED, at=timezone.now())
    assert states.move_all(states.held([first, second]), State.EXPIRED, at=timezone.now()) == 1

    assert read_again(first).state == State.EXPIRED
    assert read_again(second).state == State.RETURNED


def test_of_rows_that_nobody_reads_only_those_move():
    """Fails if the condition of the change fits more than the rows that were chosen."""
    old, new, other = (BasketWatchFactory(episode=number) for number in (1, 2, 3))
    at = timezone.now()
    rows = BasketWatch.objects.filter(state=State.ABANDONED, pk__lte=new.pk).order_by("-pk")

    moved = states.move_those(rows[:1], State.ABANDONED, State.RETURNED, at=at, reason="seen", returned_at=at)
    again = states.move_those(rows[:2], State.ABANDONED, State.EXPIRED, at=at, look_at=None)

    assert (moved, again) == (1, 1)
    assert [read_again(watch).state for watch in (old, new, other)] == [State.EXPIRED, State.RETURNED, State.ABANDONED]
    assert (read_again(new).reason, read_again(new).returned_at) == ("seen", at)
    lines = BasketTransition.objects.order_by("pk").values_list("watch", "episode", "from_state", "to_state", "reason")
    assert list(lines) == [
        (new.pk, 2, State.ABANDONED, State.RETURNED, "seen"),
        (old.pk, 1, State.ABANDONED, State.EXPIRED, ""),
    ]
    assert set(BasketTransition.objects.values_list("at", flat=True)) == {at}
    assert [line.details for line in BasketTransition.objects.all()] == [{}, {}]


def test_none_move_where_none_are_chosen():
    watch = BasketWatchFactory()

    assert not states.move_those(BasketWatch.objects.filter(pk=0), State.ABANDONED, State.EXPIRED, at=timezone.now())

    assert read_again(watch).state == State.ABANDONED


def test_nobody_has_to_help_with_what_is_over():
    watch = BasketWatchFactory(needs_help=True)

    states.move(watch, State.EXPIRED, at=timezone.now() + timedelta(days=30))

    assert not read_again(watch).needs_a_person()
