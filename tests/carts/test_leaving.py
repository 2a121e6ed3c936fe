"""Why somebody left, said by one tap, and where it leads."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from shopchat.carts import leaving, states
from shopchat.carts.leaving import Route
from shopchat.carts.models import BasketWatch, CartRules, IssuedVoucher
from shopchat.carts.stories import story
from shopchat.touches.models import Touch

Why = BasketWatch.Why


@pytest.mark.parametrize("why", [Why.ADVICE, Why.PRICE, Why.PAYMENT])
def test_what_needs_a_person_becomes_a_task(left, why):
    led = leaving.answer_why(left.watch, why, timezone.now())

    assert led.route is Route.PERSON
    watch = BasketWatch.objects.get()
    assert (watch.why, watch.needs_a_person()) == (why, True)


def test_delivery_needs_nobody(left):
    led = leaving.answer_why(left.watch, "delivery", timezone.now())

    assert led.route is Route.DELIVERY
    assert not BasketWatch.objects.get().needs_a_person()


def test_the_price_may_be_answered_with_a_voucher(left):
    CartRules.objects.update(price_answer="voucher", voucher_percent=Decimal(10), onsite="bubble")
    watch = BasketWatch.objects.get()

    led = leaving.answer_why(watch, "price", timezone.now())

    assert (led.route, led.voucher) == (Route.VOUCHER, IssuedVoucher.objects.get())
    assert not BasketWatch.objects.get().needs_a_person()


@pytest.mark.parametrize("changed", [{"onsite": "off"}, {"asks_why": False}, {"state": "active"}, {"state": "paying"}])
def test_an_answer_to_a_question_that_nobody_asked_brings_no_voucher(left, changed):
    """It can be posted by hand, as soon as there is something in a basket."""
    CartRules.objects.update(price_answer="voucher", voucher_percent=Decimal(10), onsite="bubble")
    (BasketWatch if "state" in changed else CartRules).objects.update(**changed)

    assert leaving.answer_why(BasketWatch.objects.get(), "price", timezone.now()).route is Route.PERSON
    assert not IssuedVoucher.objects.exists()


def test_where_no_voucher_may_be_given_a_person_answers(left):
    CartRules.objects.update(price_answer="voucher", voucher_percent=Decimal(0))

    assert leaving.answer_why(BasketWatch.objects.get(), "price", timezone.now()).route is Route.PERSON


def test_whoever_is_just_looking_hears_no_more_of_it(left):
    assert Touch.objects.planned().exists()

    led = leaving.answer_why(left.watch, "looking", timezone.now())

    assert led.route is Route.SILENCE
    assert not Touch.objects.planned().exists()
    assert set(Touch.objects.values_list("reason", flat=True)) == {"looking"}
    assert BasketWatch.objects.get().state == BasketWatch.State.SUPPRESSED
    assert "just looking" in " ".join(line.words for line in story(left.watch))
    assert left.send(hours=30) == []


def test_a_payment_that_is_under_way_stays_a_payment_whoever_is_just_looking(left):
    now = timezone.now()
    states.move(left.watch, "paying", at=now)

    leaving.answer_why(left.watch, "looking", now)

    left.watch.refresh_from_db()
    assert (left.watch.why, left.watch.state) == ("looking", "paying")


def test_the_first_answer_is_kept_until_the_lines_change(left):
    now = timezone.now()
    leaving.answer_why(left.watch, "price", now)
    leaving.answer_why(left.watch, "delivery", now + timedelta(minutes=1))
    assert BasketWatch.objects.get().why == Why.PRICE

    BasketWatch.objects.update(last_activity=now + timedelta(hours=1))
    leaving.answer_why(left.watch, "delivery", now + timedelta(hours=2))

    assert BasketWatch.objects.get().why == Why.DELIVERY


def test_a_task_that_was_done_is_one_again(left):
    now = timezone.now()
    assert leaving.want_help(left.watch, now)
    assert not leaving.want_help(left.watch, now)
    BasketWatch.objects.update(helped_at=now)

    assert leaving.want_help(left.watch, now + timedelta(hours=1))

    assert BasketWatch.objects.get().needs_a_person()


def test_what_is_no_reason_is_refused(left):
    with pytest.raises(ValueError, match="weather"):
        leaving.answer_why(left.watch, "weather", timezone.now())
