"""Two baskets of one person, each about to get a voucher. Each test says which change of the code it was seen to fail with
where the database locks rows; SQLite lets one write at a time, whatever the code does."""

from decimal import Decimal

import pytest
from django.test import override_settings
from django.utils import timezone

from shopchat.carts import vouchers
from shopchat.carts.models import BasketWatch, CartRules, IssuedVoucher
from shopchat.contacts.models import Contact
from tests.carts.left import MEMORY, Left
from tests.factories import InboxFactory
from tests.interleavings.forcing import run_after
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["guest", "account", "account that never wrote, on two sites"])
def two(request):
    """Two baskets of the same person."""
    with override_settings(SHOPCHAT=MEMORY):
        scene = Left(signed_in=request.param != "guest")
        CartRules.objects.update(voucher_percent=Decimal(10))
        if request.param.endswith("sites"):
            watches = [scene.leave(), scene.leave(inbox=InboxFactory(hostname="other.example"))]
            Contact.objects.all().delete()
        else:
            watches = [scene.watch, scene.leave(contact=scene.contact)]
        yield [BasketWatch.objects.get(pk=watch.pk) for watch in watches]
        scene.shop.clear()


def issue(watch):
    return vouchers.issue_for(watch, CartRules.objects.get(), timezone.now())


def test_the_second_waits_for_the_first_and_gets_none(two):
    """Fails if they do not line up, or those who never wrote do so by site."""
    first, second = two

    with run_after("shopchat.carts.vouchers._had_one_lately", lambda: issue(second), ends=False) as other:
        made = issue(first)

    assert (made.watch, other.result) == (first, None)
    assert IssuedVoucher.objects.get() == made


def test_of_many_at_once_one_gets_it(two):
    done = at_once(*[lambda watch=watch: issue(watch) for watch in two * 3])

    assert {type(one) for one in done} <= {IssuedVoucher, type(None)}
    assert len({one.pk for one in done if one}) == IssuedVoucher.objects.count() == 1
