"""Of several operators one helps, the others learn who; a task ends once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from shopchat.carts import episodes, helping, hints
from shopchat.carts.models import BasketWatch
from tests.factories import BasketWatchFactory, ContactFactory, OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna")


@pytest.fixture
def boris():
    return OperatorFactory(public_name="Boris")


@pytest.fixture
def moved(monkeypatch):
    topics = []
    monkeypatch.setattr(hints, "flash", lambda topic, **_options: topics.append(topic))
    monkeypatch.setattr(hints, "move", topics.extend)
    return topics


def test_one_of_two_takes_the_task(anna, boris):
    watch, other = BasketWatchFactory(needs_help=True), BasketWatchFactory(needs_help=True)

    helping.take(watch, anna)
    helping.take(watch, anna)
    with pytest.raises(helping.Taken) as taken:
        helping.take(watch, boris)

    assert taken.value.by == anna
    assert BasketWatch.objects.get(pk=watch.pk).helped_by == anna
    assert BasketWatch.objects.get(pk=other.pk).helped_by is None


def test_a_task_is_finished_once_and_by_whoever_has_it(anna, boris):
    watch = BasketWatchFactory(needs_help=True, helped_by=boris)

    with pytest.raises(helping.Taken):
        helping.finish(watch, anna)
    helping.finish(watch, boris)
    helping.finish(watch, boris)

    assert not BasketWatch.objects.get(pk=watch.pk).needs_a_person()
    with pytest.raises(helping.NotWanted):
        helping.take(watch, anna)


def test_a_task_goes_back(anna, boris):
    watch = BasketWatchFactory(needs_help=True, helped_by=anna)

    helping.release(watch, anna)

    helping.take(watch, boris)


def test_nobody_helps_where_no_help_is_wanted(anna):
    with pytest.raises(helping.NotWanted):
        helping.take(BasketWatchFactory(), anna)


def test_the_badge_counts_what_is_ones_own_or_nobodys(anna, boris):
    for helper in (None, anna, boris):
        BasketWatchFactory(needs_help=True, helped_by=helper)
    BasketWatchFactory(needs_help=True, helped_by=anna, helped_at=timezone.now())
    BasketWatchFactory()

    assert BasketWatch.objects.calling_user(anna.user).counted() == 2


def test_a_desk_learns_that_the_basket_it_shows_moved(moved, django_capture_on_commit_callbacks):
    user = UserFactory()
    by_browser, by_account = ContactFactory(basket_ref="memory:1"), ContactFactory(user=user)
    stranger = ContactFactory(basket_ref="memory:2")
    with django_capture_on_commit_callbacks(execute=True):
        hints.announce(BasketWatchFactory.build(ref="memory:1", user_id_text=str(user.pk)))

    assert set(moved) & set(hints.topics_of(by_browser))
    assert set(moved) & set(hints.topics_of(by_account))
    assert not set(moved) & set(hints.topics_of(stranger))
    assert "memory:1" not in "".join(moved)


def test_a_desk_learns_that_lines_changed(moved, django_capture_on_commit_callbacks):
    contact, now = ContactFactory(basket_ref="memory:1"), timezone.now()
    watch = BasketWatchFactory(ref="memory:1", state="active")
    with django_capture_on_commit_callbacks(execute=True):
        episodes.go_on(watch, at=now)

    assert set(moved) & set(hints.topics_of(contact))


@pytest.mark.parametrize("looked_for", ["10042", "hiking", "палатка", "Olena koval", "olena@example.test"])
def test_a_basket_is_found_by_what_people_know_of_it(looked_for):
    user = UserFactory(first_name="Olena", last_name="Koval", email="olena@example.test")
    lines = [{"title": "Hiking boots"}, {"title": 'Палатка "Зима"'}]
    wanted = BasketWatchFactory(contact=ContactFactory(user=user), order_number="10042", lines=lines)
    BasketWatchFactory(contact=ContactFactory(user=UserFactory(first_name="Taras", email="t@example.test")))

    assert list(BasketWatch.objects.search(looked_for)) == [wanted]


@pytest.mark.parametrize("no_title", ["title", "product", "memory", '"', "%", ".*"])
def test_the_words_of_the_format_find_nothing(no_title):
    BasketWatchFactory(lines=[{"product": "memory:1", "title": "Tent", "url": "/products/memory:1/"}])

    assert not BasketWatch.objects.search(no_title)


def test_a_guests_address_is_found_by_its_hash():
    wanted = BasketWatchFactory(email_hash="of-olena")
    BasketWatchFactory(email_hash="of-taras")

    assert list(BasketWatch.objects.search("olena@example.test", email_hashes=["of-olena"])) == [wanted]
    assert not BasketWatch.objects.search("olena@example.test")


def test_pages_follow_each_other():
    now = timezone.now()
    rows = [BasketWatchFactory(last_activity=now - timedelta(minutes=n // 2)) for n in range(4)]

    first = BasketWatch.objects.in_order("-last_activity")[1]
    rest = BasketWatch.objects.beyond("-last_activity", first.last_activity, first.pk).in_order("-last_activity")

    assert [first.pk, *(row.pk for row in rest)] == [rows[0].pk, rows[3].pk, rows[2].pk]
