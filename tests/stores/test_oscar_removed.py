"""What a shop is left with that takes the chat out again: vouchers that its own Oscar understands."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from shopchat.carts.models import CartRules, IssuedVoucher
from shopchat.inboxes.models import Inbox
from shopchat.stores.base import Person
from shopchat.stores.lines import VoucherPolicy

if "oscar.apps.basket.apps.BasketConfig" not in project.INSTALLED_APPS:
    pytest.skip("the store is left out", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.stores.oscar import OscarStore
from tests.stores.oscar_shop import make_product

pytestmark = pytest.mark.django_db
Voucher, Condition = get_model("voucher", "Voucher"), get_model("offer", "Condition")


@pytest.fixture
def olena():
    return User.objects.create_user("olena", "olena@example.test")


@pytest.fixture
def issue(settings, olena):
    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.oscar.OscarStore"}}

    def _issue(**fields):
        expires = timezone.now() + timedelta(days=7)
        made = OscarStore().issue_voucher(VoucherPolicy(percent=Decimal(10), expires_at=expires), Person(str(olena.pk)))
        return IssuedVoucher.objects.create(
            person="somebody", code=made.code, percent=10, issued_at=timezone.now(), expires_at=expires, **fields
        )

    return _issue


def test_what_nobody_used_is_removed_and_what_was_used_needs_the_chat_no_more(issue, olena):
    unused = issue()
    used = issue(used_at=timezone.now())
    CartRules.objects.create(inbox=Inbox.objects.first() or Inbox.objects.create(), mails=True, voucher_percent=10)

    call_command("shopchat_remove", "--yes")

    assert list(Voucher.objects.values_list("code", flat=True)) == [used.code]
    assert not Condition.objects.exclude(proxy_class=None).exists()
    assert Voucher.objects.get().offers.get().condition.proxy().is_satisfied  # by Oscar's own class
    unused.refresh_from_db()
    assert unused.withdrawn_at is not None
    assert not CartRules.objects.filter(mails=True).exists()


def test_oscars_own_condition_is_what_remains(issue, client, olena):
    code = issue(used_at=timezone.now()).code
    call_command("shopchat_remove", "--yes")
    client.force_login(User.objects.create_user("bohdan"))
    tent = make_product("Tent", price="100.00", stock=5)
    client.post(f"/basket/add/{tent.pk}/", {"quantity": 1})

    response = client.post("/basket/vouchers/add/", {"code": code}, follow=True)

    assert response.context["basket"].total_incl_tax == 90


def test_nothing_happens_without_a_yes(issue, monkeypatch):
    issue()
    monkeypatch.setattr("builtins.input", lambda _question: "no")

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("shopchat_remove")

    assert Voucher.objects.count() == 1
