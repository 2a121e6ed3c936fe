"""An order in Oscar's own tables between the decision to remind and the sending, on connections of their own."""

from datetime import time, timedelta

import pytest
from django.conf import settings as project
from django.core import mail
from django.db import transaction
from django.utils import timezone

from shopchat.carts import observing, plans
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.conversations import delivery
from shopchat.conversations.models import Delivery
from shopchat.stores.reading import configured_store
from shopchat.stores.snapshots import snapshot
from shopchat.touches import handing
from shopchat.touches.models import TouchRules
from tests.carts.left import agree
from tests.factories import BasketWatchFactory, ContactFactory, IdentityFactory, InboxFactory
from tests.interleavings.forcing import run_after, run_before

if "oscar.apps.basket.apps.BasketConfig" not in project.INSTALLED_APPS:
    pytest.skip("the store is left out", allow_module_level=True)

from shopchat.stores.oscar_rows import basket_ref
from tests.stores.oscar_shop import make_basket, make_order, make_product

pytestmark = pytest.mark.django_db(transaction=True)
SPAN = timedelta(days=1)


@pytest.fixture
def watch(transactional_db):
    """Left, and its reminder is in the outbox."""
    observing.connect()
    inbox, now = InboxFactory(), timezone.now()
    CartRules.objects.create(inbox=inbox, mails=True, mails_since=now - SPAN)
    TouchRules.objects.create(inbox=inbox, holdout_percent=0, quiet_from=time(0), quiet_until=time(0))
    contact = ContactFactory(signed_in=True)
    agree(contact, IdentityFactory(contact=contact))
    ref = basket_ref(make_basket((make_product("Tent"), 1), owner=contact.user))
    lines = [line.as_json() for line in snapshot(configured_store().baskets([ref])[ref])]
    fields = {"user_id_text": str(contact.user_id), "lines": lines, "created_at": now - SPAN}
    BasketWatch.objects.all().delete()
    made = BasketWatchFactory(ref=ref, store="oscar", inbox=inbox, contact=contact, **fields)
    plans.make_plans(BasketWatch.objects.get(pk=made.pk), now)
    handing.hand_over_due()
    assert Delivery.objects.get().state == "queued"
    return made


def order(watch):
    """By phone: entered in Oscar's dashboard for the same account, without the basket."""
    with transaction.atomic():
        return make_order(user=watch.contact.user)


def came_of_it(watch):
    watch.refresh_from_db()
    return watch.state, Delivery.objects.get().state, len(mail.outbox)


@pytest.mark.parametrize("moment", [run_before, run_after])
def test_an_order_that_is_being_committed_wins_over_the_claim(watch, moment):
    with moment("shopchat.carts.ordering.call_off", delivery.send_due, ends=False):
        order(watch)

    assert came_of_it(watch) == ("ordered", "dropped", 0)


def test_an_order_does_not_wait_while_the_shop_is_asked_and_wins(watch):
    """Fails, because the order waits, if the shop is asked in the claim."""
    with run_before("shopchat.carts.reminding.ask_shop", lambda: order(watch), ends=True):
        delivery.send_due()

    assert came_of_it(watch) == ("ordered", "dropped", 0)
