"""What is offered on the site: to whom, about which basket, and once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shopchat.carts import offering
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.carts.people import person_of
from shopchat.touches.models import Touch, TouchRules
from shopchat.touches.people import is_held_out
from tests.carts.left import MEMORY
from tests.factories import BasketWatchFactory, ContactFactory, InboxFactory

State = BasketWatch.State


@pytest.fixture
def inbox(db, settings):
    settings.SHOPCHAT = MEMORY
    inbox = InboxFactory()
    CartRules.objects.create(inbox=inbox, onsite="bubble")
    TouchRules.objects.create(inbox=inbox, holdout_percent=0)
    return inbox


@pytest.fixture
def watch(inbox):
    return BasketWatchFactory(inbox=inbox)


def waiting(watch, **changes):
    asked = {"refs": [watch.ref], "user_id": None, "hostname": "shop.example", **changes}
    return offering.waiting(**asked)


def test_asking_is_one_query_that_writes_nothing(watch):
    with CaptureQueriesContext(connection) as captured:
        found = waiting(watch)

    assert found == watch
    assert [query["sql"].split()[0] for query in captured] == ["SELECT"]
    assert not Touch.objects.exists()


def test_nobody_without_a_basket_or_an_account_costs_a_query(watch, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert waiting(watch, refs=[]) is None


@pytest.mark.parametrize("state", ["idle", "abandoned", "contacted", "interrupted"])
def test_a_basket_that_was_left_is_waiting(watch, state):
    BasketWatch.objects.update(state=state)

    assert waiting(watch) == watch


def test_of_two_baskets_at_hand_only_the_newer_is_spoken_of(watch):
    BasketWatch.objects.update(state="interrupted")
    newer = BasketWatchFactory(inbox=watch.inbox, state="active")
    assert waiting(watch, refs=["memory:none", watch.ref]) == watch

    assert waiting(watch, refs=[newer.ref, watch.ref]) is None


@pytest.mark.parametrize(
    "state", ["active", "paying", "returned", "restored", "suppressed", "ordered", "merged", "emptied"]
)
def test_no_other_basket_is_waiting(watch, state):
    BasketWatch.objects.update(state=state)

    assert waiting(watch) is None


def test_a_site_that_offers_nothing_is_silent(watch):
    CartRules.objects.update(onsite="off")

    assert waiting(watch) is None


def test_a_site_without_rules_is_silent(watch):
    CartRules.objects.all().delete()

    assert waiting(watch) is None


def test_an_older_basket_is_not_spoken_of_while_its_customer_pays_for_another(inbox):
    old = BasketWatchFactory(inbox=inbox, user_id_text="7")
    assert waiting(old, refs=[], user_id="7") == old

    BasketWatchFactory(inbox=inbox, user_id_text="7", state="paying", last_activity=timezone.now())

    assert waiting(old, refs=[], user_id="7") is None


def test_a_basket_of_another_site_is_not_waiting(watch):
    watch.inbox.hostname = "other.example"
    watch.inbox.save()

    assert waiting(watch) is None
    assert waiting(watch, hostname="Other.example") == watch


def test_what_was_shown_is_not_shown_again_in_the_same_episode(watch):
    now = timezone.now()
    touch = offering.offer(watch, now)

    assert (touch.kind, touch.touch_class, touch.state) == ("cart_onsite", "help", "handed")
    BasketWatch.objects.update(state=State.ABANDONED)
    watch.refresh_from_db()
    assert waiting(watch) is None
    assert offering.offer(watch, now + timedelta(seconds=1)) is None
    BasketWatch.objects.update(episode=2, state=State.ABANDONED)
    assert waiting(watch) == watch


def test_showing_it_notes_that_the_customer_is_back(watch):
    offering.offer(watch, timezone.now())

    watch.refresh_from_db()
    assert watch.state == State.RETURNED
    assert watch.returned_at


def somebody(*, held_out, percent=50):
    """A contact who is, or is not, one of those left alone."""
    while True:
        contact = ContactFactory()
        if is_held_out(f"contact:{contact.pk}", offering.LEFT, percent) == held_out:
            return contact


@pytest.mark.parametrize("held_out", [True, False])
def test_some_people_are_left_alone_for_comparison(watch, held_out):
    TouchRules.objects.update(holdout_percent=50)
    BasketWatch.objects.update(contact=somebody(held_out=held_out))
    watch.refresh_from_db()

    shown = offering.offer(watch, timezone.now())

    assert (shown is None) == held_out
    assert Touch.objects.get().state == ("held_out" if held_out else "handed")
    assert Touch.objects.get().person == person_of(watch)
    assert BasketWatch.objects.get().state == State.RETURNED


def test_help_after_a_payment_is_never_held_out(watch):
    TouchRules.objects.update(holdout_percent=50)
    BasketWatch.objects.update(contact=somebody(held_out=True), state=State.PAYMENT_INTERRUPTED)
    watch.refresh_from_db()

    touch = offering.offer(watch, timezone.now())

    assert (touch.kind, touch.touch_class) == ("cart_payment", "help")
    assert BasketWatch.objects.get().state == State.PAYMENT_INTERRUPTED


def test_a_payment_is_another_occasion_than_the_basket_itself(watch):
    assert offering.offer(watch, timezone.now())
    BasketWatch.objects.update(state=State.PAYMENT_INTERRUPTED)
    watch.refresh_from_db()

    assert waiting(watch) == watch
    assert offering.offer(watch, timezone.now()).kind == "cart_payment"


def test_not_again_is_for_good_and_for_the_person(watch):
    offering.offer(watch, timezone.now())
    offering.dismiss(watch, timezone.now(), for_good=True)
    BasketWatch.objects.update(episode=2, state=State.ABANDONED)
    other = BasketWatchFactory(inbox=watch.inbox)
    watch.refresh_from_db()

    assert offering.offer(watch, timezone.now()) is None
    assert offering.offer(other, timezone.now()) is not None
    assert Touch.objects.get(purpose=offering.purpose_of(watch, offering.LEFT)).reason == "suppressed"
    assert waiting(watch) is None


def test_what_became_of_it_is_on_record(watch):
    touch = offering.offer(watch, timezone.now())

    offering.follow(watch, timezone.now())
    offering.dismiss(watch, timezone.now())

    touch.refresh_from_db()
    assert touch.clicked_at
    assert touch.dismissed_at
