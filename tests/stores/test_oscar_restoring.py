"""What only Oscar can get wrong about idle baskets, restoring and vouchers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

pytest.importorskip("oscar")
if not settings.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.core.money import Money
from shopchat.stores.base import Person, State
from shopchat.stores.lines import Refusal, RestoreMode, VoucherPolicy, VoucherState
from shopchat.stores.oscar import OscarStore
from shopchat.stores.oscar_rows import basket_ref, product_ref
from shopchat.stores.snapshots import snapshot
from tests.races import at_once
from tests.stores.oscar_shop import make_basket, make_product, place_order, request_of, with_strategy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:(update|remove) is not implemented in this backend:UserWarning"),
]
User = get_user_model()
ADD = RestoreMode.ADD
HOUR = timedelta(hours=1)


@pytest.fixture
def store():
    return OscarStore()


def lines_of(store, basket):
    ref = basket_ref(basket)
    return snapshot(store.baskets([ref])[ref])


def basket_of(ref):
    return get_model("basket", "Basket").objects.get(pk=ref.split(":")[1])


def policy(**fields):
    return VoucherPolicy(**{"percent": Decimal(10), "expires_at": timezone.now() + HOUR, **fields})


# Idle


def test_the_newest_line_decides_and_each_basket_comes_once(store):
    now = timezone.now()
    basket = make_basket(*((make_product(title), 1) for title in ("Tent", "Stove", "Lamp")))
    moments = [now - 5 * HOUR, now - 2 * HOUR, now - 2 * HOUR]
    for line, moment in zip(basket.lines.all(), moments, strict=True):
        type(line).objects.filter(pk=line.pk).update(date_updated=moment)

    found = store.find_idle(since=now - 24 * HOUR, until=now - HOUR)
    early = store.find_idle(since=now - 24 * HOUR, until=now - 4 * HOUR)

    assert [(idle.ref, idle.last_activity) for idle in found] == [(basket_ref(basket), moments[1])]
    assert early == [], "it was touched later"


def test_a_basket_with_a_gift_beside_something_is_idle(store):
    now = timezone.now()
    basket = make_basket((make_product("Tent"), 1), (make_product("Sticker", price="0.00"), 1))
    basket.lines.update(date_updated=now - 2 * HOUR)

    assert [idle.ref for idle in store.find_idle(since=now - 3 * HOUR, until=now)] == [basket_ref(basket)]


# Restoring


def test_a_basket_that_waits_for_its_payment_is_left_alone_by_its_own_customer(client, store):
    """Through Oscar's pages: a redirect to a payment that nobody came back from."""
    tent = make_product("Tent")
    client.post(f"/basket/add/{tent.pk}/", {"quantity": 2})
    frozen = get_model("basket", "Basket").objects.get()
    frozen.freeze()
    lines = lines_of(store, frozen)

    done = store.restore(request_of(frozen), lines, mode=ADD)

    frozen.refresh_from_db()
    assert (frozen.status, frozen.lines.get().quantity) == ("Frozen", 2)
    assert done.basket != basket_ref(frozen)
    assert basket_of(done.basket).lines.get().quantity == 2
    assert store.find_idle(since=timezone.now() - HOUR, until=timezone.now())[0].state is State.IN_PAYMENT


def test_options_of_a_line_come_back_and_tell_lines_apart(store):
    tent = make_product("Tent")
    name = get_model("catalogue", "Option").objects.create(name="Name on it", code="name")
    pegs = get_model("catalogue", "Option").objects.create(name="Pegs", code="pegs")
    source = with_strategy(make_basket())
    source.add_product(tent, 1, [{"option": name, "value": "Anna"}])
    source.add_product(tent, 2, [{"option": name, "value": "Olena"}, {"option": pegs, "value": ["long", "short"]}])
    lines = lines_of(store, source)

    for _ in range(2):
        mine = mine_again(store, lines)

    assert [(line.quantity, {a.option.code: a.value for a in line.attributes.all()}) for line in mine.lines.all()] == [
        (1, {"name": "Anna"}),
        (2, {"name": "Olena", "pegs": ["long", "short"]}),
    ]


def mine_again(store, lines):
    owner, _ = User.objects.get_or_create(username="olena", email="olena@example.test")
    return basket_of(store.restore(request_of(user=owner), lines, mode=ADD).basket)


def test_lines_of_one_product_share_its_stock(store):
    tent = make_product("Tent", stock=3)
    name = get_model("catalogue", "Option").objects.create(name="Name on it", code="name")
    source = with_strategy(make_basket())
    for value in ("Anna", "Olena"):
        source.add_product(tent, 2, [{"option": name, "value": value}])

    done = store.restore(request_of(), lines_of(store, source), mode=ADD)

    assert [(line.present, line.refusal) for line in done.lines] == [(2, Refusal.NONE), (1, Refusal.OUT_OF_STOCK)]


def test_the_shops_own_limit_is_kept(store, settings):
    settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD = 3
    source = make_basket((make_product("Tent", stock=50), 10))

    done = store.restore(request_of(), lines_of(store, source), mode=ADD)

    assert [(line.present, line.refusal) for line in done.lines] == [(3, Refusal.LIMIT)]
    assert done.lines[0].note


@pytest.mark.parametrize("part", ["variant", "parent", "option"])
def test_what_is_no_longer_published_is_gone(store, part):
    parent = make_product("Boots", structure="parent")
    variant = make_product("Boots, 42", parent=parent)
    option = get_model("catalogue", "Option").objects.create(name="Name on it", code="name")
    source = with_strategy(make_basket())
    source.add_product(variant, 1, [{"option": option, "value": "Anna"}])
    lines = lines_of(store, source)
    assert store.restore(request_of(), lines, mode=ADD).lines[0].present == 1

    if part == "option":
        option.delete()
    else:
        type(parent).objects.filter(pk=(variant if part == "variant" else parent).pk).update(is_public=False)

    result = store.restore(request_of(), lines, mode=ADD).lines[0]
    assert (result.present, result.refusal, result.title) == (0, Refusal.GONE, "Boots, 42 (Name on it: Anna)")


def test_a_rule_of_the_shops_own_refuses_one_line_only(store, monkeypatch):
    basket_model = get_model("basket", "Basket")
    add_product = basket_model.add_product

    def picky(self, product, *args, **kwargs):
        if product.title == "Wine":
            raise ValueError("Not for minors")
        return add_product(self, product, *args, **kwargs)

    source = make_basket((make_product("Wine"), 1), (make_product("Tent"), 1))
    lines = lines_of(store, source)
    monkeypatch.setattr(basket_model, "add_product", picky)

    done = store.restore(request_of(), lines, mode=ADD)

    assert [line.refusal for line in done.lines] == [Refusal.REFUSED, Refusal.NONE]


def test_lines_of_now_cost_two_queries(store):
    lines = lines_of(store, make_basket(*((make_product(f"Tent {n}"), 1) for n in range(5))))

    with CaptureQueriesContext(connection) as queries:
        store.lines_now(lines)

        assert len(queries) == 2, [query["sql"] for query in queries]


def test_a_recommendation_for_the_parent_is_one_for_its_variants(store):
    parent = make_product("Boots", structure="parent")
    variant, polish = make_product("Boots, 42", parent=parent), make_product("Polish")
    parent.primary_recommendations.create(recommendation=polish)
    polish.primary_recommendations.create(recommendation=parent)

    assert [card.title for card in store.related_products([product_ref(variant)])] == ["Polish"]
    assert store.related_products([product_ref(variant), product_ref(polish)]) == []


# Vouchers


def test_a_voucher_takes_its_percent_off_the_order_and_is_used_then(client, store):
    olena = User.objects.create_user("olena", "olena@example.test")
    basket = make_basket((make_product("Tent", price="100.00"), 1), owner=olena)
    code = store.issue_voucher(policy(percent=Decimal("12.5"), name="Welcome back"), Person(str(olena.pk))).code
    request = request_of(user=olena)
    assert store.apply_voucher(request, code)

    order = place_order(request.basket, user=olena)

    view = store.orders_by_number([str(order.number)])[str(order.number)]
    assert (view.vouchers, view.discount, view.total) == (
        (code,),
        Money(Decimal("12.50"), "EUR"),
        Money(Decimal("87.50"), "EUR"),
    )
    assert store.voucher_states([code]) == {code: VoucherState.USED}
    assert store.withdraw_vouchers([code]) == 0
    assert basket.vouchers.count() == 1


def test_an_offer_of_the_site_does_not_hide_a_voucher(store):
    """Oscar's own page refuses it there, since the offer has consumed the lines of the same request."""
    everything = get_model("offer", "Range").objects.create(name="All", includes_all_products=True)
    get_model("offer", "ConditionalOffer").objects.create(
        name="Spring",
        priority=-1,
        benefit=get_model("offer", "Benefit").objects.create(type="Percentage", value=5, range=everything),
        condition=get_model("offer", "Condition").objects.create(type="Count", value=1, range=everything),
    )
    basket = make_basket((make_product("Tent", price="100.00"), 1))
    request = request_of(basket)
    assert request.basket.total_discount == 5

    assert store.apply_voucher(request, store.issue_voucher(policy(), Person()).code)

    assert request.basket.total_discount == 10


def test_a_withdrawn_voucher_leaves_nothing_behind(store):
    names = ["Voucher", "ConditionalOffer", "Benefit", "Condition"]
    models = [get_model("voucher" if name == "Voucher" else "offer", name) for name in names]
    kept, code = (store.issue_voucher(policy(name="Back"), Person()).code for _ in range(2))
    basket = make_basket((make_product("Tent"), 1))
    assert store.apply_voucher(request_of(basket), code)
    assert [model.objects.count() for model in models] == [2, 2, 2, 2]

    assert store.withdraw_vouchers([code.lower()]) == 1

    assert [model.objects.count() for model in models] == [1, 1, 1, 1]
    assert basket.vouchers.count() == 0
    assert store.voucher_states([kept, code]) == {kept: VoucherState.USABLE, code: VoucherState.GONE}


def test_a_voucher_of_a_basket_in_payment_is_not_withdrawn(store):
    basket = make_basket((make_product("Tent"), 1))
    code = store.issue_voucher(policy(), Person()).code
    assert store.apply_voucher(request_of(basket), code)
    basket.freeze()

    assert store.withdraw_vouchers([code]) == 0

    basket.thaw()
    assert store.withdraw_vouchers([code]) == 1


def test_a_voucher_of_a_payment_that_never_ends_is_withdrawn_a_day_after_it_ended(store):
    """Oscar takes nothing off by a voucher that is over, so no total changes."""
    codes = [store.issue_voucher(policy(), Person()).code for _ in range(2)]
    for code in codes:
        basket = make_basket((make_product("Tent"), 1))
        assert store.apply_voucher(request_of(basket), code)
        basket.freeze()
    for code, hours in zip(codes, (23, 25), strict=True):
        over = timezone.now() - hours * HOUR
        get_model("voucher", "Voucher").objects.filter(code=code).update(end_datetime=over)

    assert store.withdraw_vouchers(codes) == 1

    assert list(store.voucher_states(codes).values()) == [VoucherState.EXPIRED, VoucherState.GONE]


def test_a_voucher_whose_offer_was_suspended_is_not_usable(store):
    code = store.issue_voucher(policy(), Person()).code

    get_model("offer", "ConditionalOffer").objects.get().suspend()

    assert store.voucher_states([code]) == {code: VoucherState.GONE}


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_add_no_more_than_one(store):
    olena = User.objects.create_user("olena", "olena@example.test")
    tent = make_product("Tent", stock=50)
    lines = lines_of(store, make_basket((tent, 2)))
    mine = make_basket((tent, 1), owner=olena)

    at_once(*[lambda: store.restore(request_of(user=olena), lines, mode=ADD)] * 2)

    assert [line.quantity for line in mine.lines.all()] == [2]
