"""Vouchers for baskets that were left: made by the shop in its own way, for one person and one use, and taken back unused.

A code is as good as money: it stands in the mail to its owner and in our table, never in a log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from shopchat.carts.basis import has_proven
from shopchat.carts.models import BasketWatch, CartRules, IssuedVoucher
from shopchat.carts.people import contact_of, person_of
from shopchat.carts.valuing import sum_of
from shopchat.core.money import Money
from shopchat.inboxes.models import Inbox
from shopchat.stores.abilities import IssuesVouchers
from shopchat.stores.base import OrderView, Person
from shopchat.stores.lines import VoucherPolicy, VoucherState
from shopchat.stores.reading import able
from shopchat.touches.people import line_up

BATCH = 500


def can_issue(rules: CartRules) -> bool:
    """Whether the shop gives vouchers and knows how to make them."""
    return rules.voucher_percent > 0 and able(IssuesVouchers) is not None


def issue_for(
    watch: BasketWatch, rules: CartRules, now: datetime, *, worth: Money | None = None, email: str = ""
) -> IssuedVoucher | None:
    """The voucher for this basket: the one that it has and that is still good, else a new one where the rules allow it.

    ``worth``: what of it can be bought now, else its total when it was left. ``email``: an address that is proven to be
    theirs. ``None``: the shop gives none, the basket is too small or of nobody whom we know, or its person had one lately.
    Raises what the store raises; nothing is kept then.
    """
    store = able(IssuesVouchers)
    if store is None or rules.voucher_percent <= 0 or not _is_somebodys(watch):
        return None
    with transaction.atomic():
        # Two who ask at once for two baskets of one person get one. Before the basket, as an erasure does.
        line_up(person_of(watch), _one_of_all_sites(watch))
        # And two who ask for one basket, for a mail and on the site, get the same.
        watch = BasketWatch.objects.select_for_update().get(pk=watch.pk)
        worth = worth or _total(watch)
        person = person_of(watch)
        if kept := next((row for row in watch.vouchers.order_by("-pk") if usable(row, now)), None):
            return kept
        if not _is_enough(worth, rules) or _had_one_lately(person, rules, now):
            return None
        policy = _policy(rules, worth, now)
        made = store.issue_voucher(policy, Person(user_id=_account(watch), email=email))
        return IssuedVoucher.objects.create(
            watch=watch,
            person=person,
            code=made.code,
            for_account=made.for_account,
            percent=policy.percent,
            issued_at=now,
            expires_at=made.expires_at,
            currency=worth.currency if worth else watch.currency,
        )


def usable(voucher: IssuedVoucher, now: datetime | None = None) -> bool:
    """Whether whoever types it in now gets its discount, as far as the shop knows. Raises what the store raises."""
    return not why_unusable(voucher, now)


def why_unusable(voucher: IssuedVoucher, now: datetime | None = None) -> str:
    """``used``, ``expired`` or ``gone``; empty while it is good. Raises what the store raises."""
    if voucher.used_at is not None:
        return VoucherState.USED.value
    if voucher.withdrawn_at is not None:
        return VoucherState.GONE.value
    if voucher.expires_at <= (now or timezone.now()):
        return VoucherState.EXPIRED.value
    store = able(IssuesVouchers)
    state = store.voucher_states([voucher.code])[voucher.code] if store else VoucherState.GONE
    return "" if state is VoucherState.USABLE else state.value


def withdraw_unused(now: datetime | None = None) -> int:
    """Have the shop remove the vouchers that have expired without being used. Answers how many there were."""
    at = now or timezone.now()
    store = able(IssuesVouchers)
    return _withdraw_all(store, _unused().filter(expires_at__lte=at), at) if store else 0


def give_back() -> int:
    """Have the shop remove all that were not used, and keep the others without us. Answers how many were removed.

    For a shop that takes the chat out. Raises what the store raises.
    """
    store = able(IssuesVouchers)
    if store is None:
        return 0
    done = _withdraw_all(store, _unused(), timezone.now())
    store.disown_vouchers()
    return done


def _unused() -> QuerySet[IssuedVoucher]:
    return IssuedVoucher.objects.filter(used_at=None, withdrawn_at=None).order_by("pk")


def _withdraw_all(store: IssuesVouchers, vouchers: QuerySet[IssuedVoucher], at: datetime) -> int:
    done = last = 0
    while rows := list(vouchers.filter(pk__gt=last)[:BATCH]):
        # Those that have to stay for now must not stand in the way of the others.
        last = rows[-1].pk
        done += _withdraw(store, {row.code: row for row in rows}, at)
    return done


def note_uses(orders: Sequence[OrderView]) -> int:
    """Write down which of ours these orders used, and what all their vouchers took off. Answers how many that was news of.

    One query where there were none.
    """
    used_in = {code.casefold(): order for order in orders for code in order.vouchers}
    codes = {form for order in orders for code in order.vouchers for form in (code, code.upper())}
    unknown = IssuedVoucher.objects.filter(code__in=codes, cost=None) if codes else IssuedVoucher.objects.none()
    done = 0
    for voucher in unknown:
        order = used_in[voucher.code.casefold()]
        if order.discount is None or (gave := sum_of(order.discount)) is None:
            continue
        changes = {"used_at": voucher.used_at or order.placed_at, "cost": gave, "currency": order.discount.currency[:3]}
        done += IssuedVoucher.objects.filter(pk=voucher.pk, cost=None).update(**changes)
    return done


def _withdraw(store: IssuesVouchers, rows: dict[str, IssuedVoucher], at: datetime) -> int:
    with transaction.atomic():
        states = store.voucher_states(list(rows))
        used = [code for code in rows if states.get(code) is VoucherState.USED]
        unused = [code for code in rows if code not in used]
        store.withdraw_vouchers(unused)
        # One in a payment that is under way may stay, and is looked at again.
        left = store.voucher_states(unused)
        gone = [code for code in unused if left.get(code) is VoucherState.GONE]
        _mark(rows, used, "used_at", at)
        _mark(rows, gone, "withdrawn_at", at)
    return len(gone)


def _mark(rows: dict[str, IssuedVoucher], codes: Sequence[str], field: str, at: datetime) -> None:
    IssuedVoucher.objects.filter(pk__in=[rows[code].pk for code in codes]).update(**{field: at})


def _is_somebodys(watch: BasketWatch) -> bool:
    """Whoever is unknown could have one for each new basket; a conversation begins anew in each private window."""
    contact = contact_of(watch)
    return bool(watch.user_id_text) or (contact is not None and (contact.user_id is not None or has_proven(contact)))


def _one_of_all_sites(watch: BasketWatch) -> Inbox:
    """Where those line up who have no contact: the same row whichever site the basket is of."""
    return Inbox.objects.order_by("pk").first() or watch.inbox


def _account(watch: BasketWatch) -> str:
    """Also of a basket that was filled before they signed in, as the ledger counts it for the account, too."""
    contact = contact_of(watch)
    return watch.user_id_text or str(contact.user_id or "" if contact else "")


def _total(watch: BasketWatch) -> Money | None:
    return Money(watch.total, watch.currency) if watch.total is not None and watch.currency else None


def _is_enough(worth: Money | None, rules: CartRules) -> bool:
    """A minimum is an amount in the currency of the basket, and a basket of unknown worth reaches none."""
    if not rules.voucher_minimum:
        return True
    return worth is not None and worth.amount >= rules.voucher_minimum


def _had_one_lately(person: str, rules: CartRules, now: datetime) -> bool:
    since = now - timedelta(days=rules.voucher_pause_days)
    return IssuedVoucher.objects.filter(person=person, issued_at__gt=since).exists()


def _policy(rules: CartRules, worth: Money | None, now: datetime) -> VoucherPolicy:
    minimum = Money(rules.voucher_minimum, worth.currency) if rules.voucher_minimum and worth else None
    return VoucherPolicy(
        percent=rules.voucher_percent, expires_at=now + timedelta(days=rules.voucher_days), minimum=minimum
    )
