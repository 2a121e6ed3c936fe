"""Vouchers: for whom, once, healthy when they are sent, and taken back unused."""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from shopchat.carts import vouchers
from shopchat.carts.abandonment import sweep
from shopchat.carts.joining import join
from shopchat.carts.models import BasketWatch, CartRules, IssuedVoucher
from shopchat.stores.lines import VoucherState
from shopchat.stores.memory import MemoryStore
from tests.carts.left import euros
from tests.factories import ContactFactory, IdentityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rules(left):
    CartRules.objects.update(voucher_percent=Decimal("12.5"))
    left.rules.refresh_from_db()
    return left.rules


def issue(left, rules, watch=None, now=None):
    return vouchers.issue_for(watch or left.watch, rules, now or timezone.now())


def test_the_shop_makes_one_for_this_basket_and_keeps_it(left, rules):
    now = timezone.now()

    made = issue(left, rules, now=now)

    assert left.shop.voucher_states([made.code]) == {made.code: VoucherState.USABLE}
    assert (made.watch, made.percent, made.currency) == (left.watch, Decimal("12.5"), "EUR")
    assert made.expires_at == now + timedelta(days=7)
    assert issue(left, rules) == made
    assert made.code not in repr(made) + str(made)


def test_one_person_gets_one_in_a_while(left, rules):
    made = issue(left, rules)
    IssuedVoucher.objects.update(used_at=timezone.now())
    again, other = left.leave(contact=left.contact), left.leave(contact=IdentityFactory().contact)

    assert issue(left, rules, again) is None
    assert issue(left, rules, other) is not None
    IssuedVoucher.objects.filter(pk=made.pk).update(issued_at=timezone.now() - timedelta(days=91))
    assert issue(left, rules, again) is not None


def test_a_small_basket_gets_none(left, rules):
    rules.voucher_minimum = Decimal("239.01")
    assert issue(left, rules) is None

    rules.voucher_minimum = Decimal("239.00")
    made = issue(left, rules)

    assert left.shop._shelf.vouchers[made.code].policy.minimum == euros("239.00")


def test_a_basket_of_nobody_gets_none(left, rules):
    BasketWatch.objects.update(contact=None, user_id_text="")

    assert issue(left, rules, BasketWatch.objects.get()) is None


def test_somebody_who_only_wrote_gets_none(left, rules):
    """A private window and one word are a new contact, as often as anybody likes."""
    assert issue(left, rules, left.leave(contact=ContactFactory())) is None


def test_a_browsers_voucher_counts_for_the_account_that_it_signs_in_to(left, rules):
    issue(left, rules)
    account = ContactFactory(signed_in=True)

    join(left.contact, account)

    assert issue(left, rules, left.leave(contact=account, user_id_text=str(account.user_id))) is None


def test_a_shop_that_gives_none_gives_none(left, rules):
    rules.voucher_percent = Decimal(0)

    assert issue(left, rules) is None
    assert not vouchers.can_issue(rules)


def test_the_first_reminder_has_none_unless_the_shop_says_so(left, rules):
    (message,) = left.send()

    assert "code" not in message.body
    assert not IssuedVoucher.objects.exists()


def test_an_account_is_told_to_sign_in_for_its_voucher(left_by_account):
    left_by_account.with_voucher()

    (message,) = left_by_account.send()

    assert IssuedVoucher.objects.get().for_account
    for text in (message.body, message.alternatives[0][0]):
        assert "It is for you alone: sign in to your account before you enter it." in text


def test_a_voucher_is_for_the_account_also_of_a_basket_that_was_filled_before_signing_in(left_by_account):
    left = left_by_account
    CartRules.objects.update(voucher_percent=Decimal(10))
    left.rules.refresh_from_db()

    made = issue(left, left.rules, left.leave(contact=left.contact, user_id_text=""))

    assert made.for_account
    assert left.shop._shelf.vouchers[made.code].person.user_id == left.account


def test_a_step_with_a_voucher_names_code_percent_and_last_day(left):
    left.with_voucher(voucher_percent=Decimal("12.5"))

    (message,) = left.send()

    made = IssuedVoucher.objects.get()
    assert f"With the code {made.code} you pay 12.5% less, once, until" in message.body
    assert made.code in message.alternatives[0][0]
    assert "sign in to your account" not in message.body  # a guest has none
    assert left.touch().details["voucher"] == "given"


@pytest.mark.parametrize("state", ["used", "expired", "gone"])
def test_a_voucher_that_is_no_longer_good_is_left_out_and_the_ledger_says_why(left, state):
    left.with_voucher()
    made = issue(left, left.rules)
    if state == "used":
        IssuedVoucher.objects.update(used_at=timezone.now())
    elif state == "expired":
        IssuedVoucher.objects.update(expires_at=timezone.now())
    else:
        left.shop.withdraw_vouchers([made.code])

    (message,) = left.send()

    assert "With the code" not in message.body
    assert left.touch().details["voucher"] == state


def test_a_shop_that_fails_to_make_one_sends_the_mail_without(left, monkeypatch, caplog):
    left.with_voucher()

    def broken(*_args, **_kwargs):
        raise RuntimeError("SECRETCODE")

    monkeypatch.setattr(MemoryStore, "issue_voucher", broken)
    (message,) = left.send()

    assert "With the code" not in message.body
    assert left.touch().details["voucher"] == "none"
    assert "SECRETCODE" not in caplog.text


def test_codes_are_not_logged(left, caplog):
    left.with_voucher()
    with caplog.at_level(logging.DEBUG):
        left.send()
        vouchers.withdraw_unused(timezone.now() + timedelta(days=8))

    assert IssuedVoucher.objects.get().code not in caplog.text


def test_what_a_voucher_took_off_is_noted_with_the_order(left, rules):
    now = timezone.now()
    made, unused = issue(left, rules), issue(left, rules, left.leave(contact=IdentityFactory().contact))
    baskets = left.shop._shelf.baskets
    baskets[left.watch.ref] = replace(baskets[left.watch.ref], vouchers=(made.code,))
    order = left.shop.add_order(basket=left.watch.ref, placed_at=now)

    sweep(now + timedelta(minutes=1))
    sweep(now + timedelta(minutes=2))

    made.refresh_from_db()
    unused.refresh_from_db()
    assert (made.used_at, made.cost, made.currency) == (now, Decimal("29.88"), "EUR")
    assert (order.discount.amount, unused.used_at, unused.cost) == (Decimal("29.875"), None, None)


def test_expired_ones_that_nobody_used_are_taken_back(left, rules):
    unused = issue(left, rules)
    later = issue(left, rules, left.leave(contact=IdentityFactory().contact), now=timezone.now() + timedelta(days=5))
    after = timezone.now() + timedelta(days=8)

    assert vouchers.withdraw_unused() == 0
    assert vouchers.withdraw_unused(after) == 1
    assert vouchers.withdraw_unused(after) == 0

    unused.refresh_from_db()
    later.refresh_from_db()
    assert (unused.withdrawn_at, later.withdrawn_at) == (after, None)
    assert left.shop.voucher_states([unused.code])[unused.code] is VoucherState.GONE
    assert vouchers.why_unusable(unused) == "gone"


def test_those_that_have_to_stay_for_now_do_not_stand_in_the_way_of_others(left, rules, monkeypatch):
    """As those of payments that are under way."""
    monkeypatch.setattr(vouchers, "BATCH", 2)
    made = [issue(left, rules, left.leave(contact=IdentityFactory().contact)) for _ in range(5)]
    stay = {row.code for row in made[:3]}
    withdraw = MemoryStore.withdraw_vouchers
    monkeypatch.setattr(MemoryStore, "withdraw_vouchers", lambda self, codes: withdraw(self, [*{*codes} - stay]))
    after = timezone.now() + timedelta(days=8)

    assert vouchers.withdraw_unused(after) == 2

    assert set(IssuedVoucher.objects.filter(withdrawn_at=None).values_list("code", flat=True)) == stay
    stay.clear()
    assert vouchers.withdraw_unused(after) == 3


def test_one_that_was_used_is_not_taken_back(left, rules):
    made = issue(left, rules)
    monkey = left.shop._shelf.vouchers
    monkey[made.code] = type(monkey[made.code])(monkey[made.code].policy, monkey[made.code].person, is_used=True)

    assert vouchers.withdraw_unused(timezone.now() + timedelta(days=8)) == 0

    made.refresh_from_db()
    assert made.used_at is not None
    assert made.withdrawn_at is None
