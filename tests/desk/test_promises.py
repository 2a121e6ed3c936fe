"""Whoever changes hours, rules or phone duty is told of the promises that this breaks."""

from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from shopchat.callbacks import slots
from shopchat.operators.models import Operator
from tests.desk.test_hours import fields
from tests.factories import CallbackRequestFactory, CallbackRulesFactory, OperatorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def promised():
    """Six customers who were promised calls, all in the first slots that there are."""
    OperatorFactory(takes_calls=True)
    rules = CallbackRulesFactory()
    requests = []
    for _ in range(6):
        now = timezone.now() + timedelta(hours=1)  # no slot of this test begins while it runs
        request = CallbackRequestFactory(inbox=rules.inbox)
        slots.book(request, slots.free_slots(rules, now=now)[0], rules=rules, now=now)
        requests.append(request)
    return rules, requests


def told(response):
    return unescape(response.content.decode())


def test_hours_that_leave_promises_alone_are_saved_without_a_word(owner, promised):
    rules, _requests = promised
    days = {f"day_{weekday}": "00:00-24:00" for weekday in range(7)}

    response = owner.post(
        reverse("shopchat_hours:edit", args=[rules.schedule.pk]),
        fields(**days, time_zone=rules.schedule.time_zone),
        follow=True,
    )

    assert rules.schedule.intervals.count() == 7
    assert "nobody calls" not in told(response)


def test_closed_days_name_those_who_wait_for_a_call(owner, promised):
    rules, requests = promised

    response = owner.post(reverse("shopchat_hours:edit", args=[rules.schedule.pk]), fields(), follow=True)

    assert rules.schedule.intervals.count() == 0
    says = told(response)
    assert "nobody calls 6 customers at the times that were promised: C-" in says
    assert all(request.readable_number in says for request in requests[:5])
    assert requests[5].readable_number not in says
    assert reverse("shopchat_desk:callbacks") in says


def test_an_operator_who_is_removed_leaves_their_promises(owner, promised):
    response = owner.post(reverse("shopchat_operators:delete", args=[Operator.objects.get().pk]), follow=True)

    assert not Operator.objects.exists()
    assert "nobody calls 6 customers" in told(response)
