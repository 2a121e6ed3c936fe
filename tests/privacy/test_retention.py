"""Finished requests lose their person in time, those that wait never do."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from shopchat import periodic
from shopchat.callbacks.models import CallbackRequest
from shopchat.carts.models import BasketTransition, BasketWatch, CartRules
from shopchat.privacy import retention
from shopchat.privacy.retention import forget_baskets, forget_callbacks
from shopchat.touches.models import Touch
from tests.factories import (
    BasketWatchFactory,
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    InboxFactory,
)
from tests.stores.counting import queries_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def ended(days, **fields):
    at = timezone.now() - timedelta(days=days)
    return CallbackRequestFactory(**{"state": "done", "open_phone": None, "closed_at": at, "about": "A tent", **fields})


def is_known(request):
    request.refresh_from_db()
    assert bool(request.phone) is bool(request.name) is bool(request.about) is (request.erased_at is None)
    return request.erased_at is None


@pytest.fixture
def inbox():
    return CallbackRulesFactory(retention_days=30).inbox


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_is_over_is_forgotten_in_time(inbox, state):
    old, fresh = ended(30.01, inbox=inbox, state=state), ended(29.99, inbox=inbox, state=state)
    attempts = [
        CallAttemptFactory(request=request, note="Busy with her son", outcome="talked") for request in (old, fresh)
    ]

    assert forget_callbacks() == 1

    assert (is_known(old), is_known(fresh)) == (False, True)
    for attempt in attempts:
        attempt.refresh_from_db()
    assert [attempt.note for attempt in attempts] == ["", "Busy with her son"]
    assert (old.state, attempts[0].outcome) == (state, "talked")


def test_who_waits_is_never_forgotten(inbox):
    old = CallbackRequestFactory(inbox=inbox, created_at=timezone.now() - timedelta(days=900), overdue=True)
    over = ended(31, inbox=inbox)

    assert forget_callbacks() == 1

    old.refresh_from_db()
    assert (old.name, old.erased_at) == ("Olena", None)
    assert not is_known(over)


def test_each_site_has_its_own_time(inbox):
    long = CallbackRulesFactory(inbox=InboxFactory(hostname="b.example"), retention_days=400).inbox
    ever = CallbackRulesFactory(inbox=InboxFactory(hostname="c.example"), retention_days=0).inbox
    none = InboxFactory(hostname="d.example")
    requests = [ended(days, inbox=site) for days, site in ((31, inbox), (31, long), (900, ever), (31, none))]
    late = [ended(days, inbox=site) for days, site in ((401, long), (181, none))]

    assert forget_callbacks() == 3

    assert [is_known(request) for request in requests] == [False, True, True, True]
    assert [is_known(request) for request in late] == [False, False]


def test_what_is_forgotten_is_not_looked_at_again(inbox):
    ended(31, inbox=inbox)

    assert [forget_callbacks(), forget_callbacks()] == [1, 0]


def test_one_run_forgets_a_bounded_number_and_the_oldest_first(inbox, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    requests = [ended(days, inbox=inbox) for days in (31, 33, 32)]

    assert forget_callbacks() == 2

    assert [is_known(request) for request in requests] == [True, False, False]
    assert [forget_callbacks(), forget_callbacks()] == [1, 0]


def test_it_comes_round_by_itself(inbox):
    old = ended(31, inbox=inbox)

    assert periodic.tick()["people of past callbacks forgotten"] == 1

    assert not is_known(old)


def test_the_number_of_queries_does_not_depend_on_how_many(inbox, django_assert_num_queries):
    for _ in range(5):
        ended(31, inbox=inbox)

    with django_assert_num_queries(7):  # rules, which ones, then savepoint, which ones, two updates
        assert forget_callbacks(now=timezone.now() + HOUR) == 5
    assert CallbackRequest.objects.filter(erased_at=None).count() == 0


def basket(scene, days, **fields):
    at = timezone.now() - timedelta(days=days)
    BasketWatch.objects.filter(pk=scene.watch.pk).update(state="ordered", state_at=at, last_activity=at)
    BasketWatch.objects.filter(pk=scene.watch.pk).update(**fields)
    return scene


def is_erased(scene):
    scene.watch.refresh_from_db()
    assert bool(scene.watch.lines) is (scene.watch.contact is not None) is (scene.watch.erased_at is None)
    return scene.watch.state == "erased"


@pytest.mark.parametrize("state", ["ordered", "merged", "expired", "emptied", "suppressed"])
def test_a_basket_that_is_over_is_forgotten_in_time(olena, petro, state):
    old, fresh = basket(olena, 90.01, state=state), basket(petro, 89.99, state=state)

    assert [forget_baskets(), forget_baskets()] == [1, 0]

    assert (is_erased(old), is_erased(fresh)) == (True, False)
    assert list(Touch.objects.all()) == [fresh.touch]
    steps = list(BasketTransition.objects.filter(watch=old.watch).values_list("from_state", "to_state"))
    assert steps == [(state, "erased")]


@pytest.mark.parametrize("state", ["active", "abandoned", "contacted", "paying"])
def test_a_basket_that_may_still_be_bought_is_not(olena, petro, state):
    open_one, over = basket(olena, 900, state=state), basket(petro, 900)

    assert forget_baskets() == 1

    assert (is_erased(open_one), is_erased(over)) == (False, True)


def test_each_site_keeps_baskets_for_its_own_time(olena, petro):
    CartRules.objects.create(inbox=olena.watch.inbox, retention_days=0)
    CartRules.objects.create(inbox=InboxFactory(hostname="b.example"), retention_days=10)
    kept = basket(olena, 900)
    BasketWatch.objects.filter(pk=petro.watch.pk).update(inbox=CartRules.objects.get(retention_days=10).inbox)
    old = basket(petro, 11)

    assert periodic.tick()["people of past baskets forgotten"] == 1

    assert (is_erased(kept), is_erased(old)) == (False, True)


def test_one_run_empties_a_bounded_number_of_baskets_the_oldest_first(olena, petro, monkeypatch):
    for scene, days in ((olena, 100), (petro, 101)):
        basket(scene, days)
    monkeypatch.setattr(retention, "BATCH", 1)

    assert forget_baskets() == 1

    assert (is_erased(olena), is_erased(petro)) == (False, True)
    assert [forget_baskets(), forget_baskets()] == [1, 0]


def test_the_number_of_queries_does_not_depend_on_how_many_baskets(olena, petro):
    basket(olena, 100)
    one = queries_of(forget_baskets)
    basket(petro, 100)
    for _ in range(3):
        basket(SimpleNamespace(watch=BasketWatchFactory()), 100)

    four = queries_of(forget_baskets)

    assert BasketWatch.objects.filter(state="erased").count() == 5
    assert four == one
