"""A reminder with a voucher in a real Oscar: made, named in the mail, good for one use, and taken back."""

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.conf import settings as project
from django.core import mail
from django.utils import timezone

from shopchat.carts import plans, vouchers
from shopchat.carts.models import BasketWatch, CartRules, CartStep, IssuedVoucher
from shopchat.conversations import delivery
from shopchat.stores.reading import configured_store
from shopchat.stores.snapshots import snapshot
from shopchat.touches import handing
from shopchat.touches.models import Touch, TouchRules
from tests.carts.left import agree
from tests.factories import BasketWatchFactory, ContactFactory, IdentityFactory, InboxFactory

if "oscar.apps.basket.apps.BasketConfig" not in project.INSTALLED_APPS:
    pytest.skip("the store is left out", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.stores.oscar_rows import basket_ref
from tests.stores.oscar_shop import make_basket, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def watch(db):
    """Olena's, worth 199 euros, an hour after she left; the first reminder comes with ten percent off."""
    inbox, now = InboxFactory(), timezone.now()
    rules = CartRules.objects.create(
        inbox=inbox, mails=True, mails_since=now - timedelta(days=1), voucher_percent=Decimal(10)
    )
    CartStep.objects.create(rules=rules, number=1, delay_minutes=60, with_voucher=True)
    TouchRules.objects.create(inbox=inbox, holdout_percent=0, quiet_from=time(0), quiet_until=time(0))
    contact = ContactFactory(signed_in=True)
    agree(contact, IdentityFactory(contact=contact))
    ref = basket_ref(make_basket((make_product("Tent", price="199.00"), 1), owner=contact.user))
    lines = [line.as_json() for line in snapshot(configured_store().baskets([ref])[ref])]
    fields = {"user_id_text": str(contact.user_id), "lines": lines, "created_at": now - timedelta(hours=2)}
    made = BasketWatchFactory(ref=ref, store="oscar", inbox=inbox, contact=contact, **fields)
    plans.make_plans(BasketWatch.objects.get(pk=made.pk), now)
    return made


def test_a_voucher_from_the_mail_to_its_end(watch):
    handing.hand_over_due()
    delivery.send_due()

    issued = IssuedVoucher.objects.get()
    made = get_model("voucher", "Voucher").objects.get(code=issued.code)
    assert f"With the code {issued.code} you pay 10% less" in mail.outbox[0].body
    assert "sign in to your account" in mail.outbox[0].body
    assert "1 × Tent: €199.00" in mail.outbox[0].body
    assert Touch.objects.get(state="handed").details["voucher"] == "given"
    assert made.usage == "Single use"
    assert made.is_available_to_user(watch.contact.user)[0]
    assert vouchers.usable(issued)

    after = issued.expires_at + timedelta(minutes=1)
    paying = make_basket((make_product("Stove"), 1), owner=watch.contact.user)
    paying.vouchers.add(made)
    paying.freeze()
    assert vouchers.withdraw_unused(after) == 0
    assert IssuedVoucher.objects.get().withdrawn_at is None
    paying.thaw()
    assert vouchers.withdraw_unused(after) == 1

    assert not get_model("voucher", "Voucher").objects.filter(code=issued.code).exists()
    assert vouchers.why_unusable(issued) == "gone"


def test_one_that_was_deleted_in_the_shops_dashboard_is_left_out_of_the_mail(watch):
    vouchers.issue_for(watch, CartRules.objects.get(), timezone.now())
    get_model("voucher", "Voucher").objects.all().delete()

    handing.hand_over_due()
    delivery.send_due()

    assert "With the code" not in mail.outbox[0].body
    assert Touch.objects.get(state="handed").details["voucher"] == "gone"
