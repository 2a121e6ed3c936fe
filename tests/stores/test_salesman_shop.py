"""A shop on Salesman, through its own API: baskets are filled, left, merged, paid for and ordered."""

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as project
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

if not project.WITH_SALESMAN:
    pytest.skip("the suite runs without Salesman", allow_module_level=True)

from salesman.basket.models import BASKET_ID_SESSION_KEY

from shopchat.carts import observing, recovering
from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketWatch
from shopchat.checks import check_store
from shopchat.stores import salesman_checks, salesman_events
from shopchat.stores.abilities import FindsIdle
from shopchat.stores.base import Person, State
from shopchat.stores.lines import Refusal, RestoreMode
from shopchat.stores.reading import able, configured_store
from shopchat.stores.salesman import SESSION_KEY, SalesmanStore
from shopchat.stores.salesman_requests import asking, asking_now, remember_request
from shopchat.stores.salesman_rows import basket_ref, product_ref
from shopchat.stores.snapshots import snapshot
from tests.carts.passing import HOUR, MINUTE, steps, watch_of
from tests.carts.passing import State as Watch
from tests.factories import BasketWatchFactory, InboxFactory
from tests.salesman_shop.models import Course
from tests.salesman_shop.rules import AT_ONCE, Things, card_paid
from tests.stores.contract_abilities import Listener
from tests.stores.counting import queries_of
from tests.stores.salesman_rows import (
    OPTIONS,
    Basket,
    Item,
    Order,
    account,
    begin_payment,
    make_basket,
    make_order,
    make_product,
    place_order,
    request_of,
)
from tests.widget.asking import words
from tests.widget.left_baskets import press

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.urls("tests.salesman_shop.urls")]
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148", "Accept-Language": "uk"}
ADDRESSES = {"shipping_address": "Kyiv", "billing_address": "Kyiv"}


@pytest.fixture(autouse=True)
def _shop(settings, monkeypatch):
    monkeypatch.setattr(salesman_events, "listeners", [])
    settings.SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.salesman.SalesmanStore", "OPTIONS": OPTIONS}}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "shopchat.stores.salesman_requests.remember_request"]
    settings.WAGTAILADMIN_BASE_URL = "http://testserver"


@pytest.fixture
def store():
    return SalesmanStore(**OPTIONS)


@pytest.fixture
def events(store):
    store.connect(events := Listener())
    return events


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def tent(db):
    return make_product("Tent")


@pytest.fixture
def customer(committed):
    class Customer:
        """A browser with a storefront in it."""

        browser = Client()

        def send(self, path, data, **headers):
            with committed():
                answer = self.browser.post(
                    f"/api/{path}/", data, content_type="application/json", headers={**PHONE, **headers}
                )
            assert answer.status_code < 300, answer.content
            return answer.json()

        def put(self, product, **item):
            kind = product._meta.label
            self.send("basket", {"product_type": kind, "product_id": product.pk, **item})
            return basket_ref(Basket.objects.latest("pk"))

        def order(self, payment="invoice"):
            data = {"email": "Guest@example.test", "payment_method": payment, **ADDRESSES}
            return self.send("checkout", data)["url"]

        def pay(self, url, committed=committed):
            """The provider calls back, in a request of its own."""
            _scheme, _, _host, order, basket, _ = url.split("/")
            request = request_of()
            with committed(), asking(request):
                return card_paid(order, basket, request)

    return Customer()


def row_of(ref):
    return Basket.objects.get(pk=ref.split(":")[1])


def snapshot_of(store, *lines):
    ref = basket_ref(make_basket(*lines))
    return snapshot(store.baskets([ref])[ref])


# Whose basket is this?


def test_the_shops_own_api_agrees_about_the_current_basket(customer, store, tent):
    ref = customer.put(tent, quantity=2)
    request = request_of()
    request.COOKIES = {name: morsel.value for name, morsel in customer.browser.cookies.items()}
    request.session = customer.browser.session

    assert SESSION_KEY == BASKET_ID_SESSION_KEY
    assert store.current_basket(request) == ref
    line = store.baskets([ref], images=True)[ref].lines[0]
    assert (line.title, line.quantity, str(line.unit_price.amount), line.unit_price.currency) == (
        "Tent",
        2,
        "19.90",
        "EUR",
    )
    assert (line.url, line.image_url) == (f"/things/{tent.pk}/", f"/media/{tent.pk}.webp")


def test_a_ref_does_not_open_a_later_basket_that_got_the_same_id(store, tent):
    first = make_basket((tent, 1))
    ref, pk = basket_ref(first), first.pk
    assert ref in store.baskets([ref])
    first.delete()

    later = Basket.objects.create(pk=pk)

    assert store.baskets([ref]) == {}
    assert store.baskets([basket_ref(later)])


# What is in it?


def test_products_of_two_kinds_stand_in_one_basket(store, tent):
    course = Course.objects.create(title="Knots")
    ref = basket_ref(make_basket((tent, 1), (course, 2)))

    view = store.baskets([ref])[ref]

    assert [(line.title, line.url) for line in view.lines] == [("Tent", f"/things/{tent.pk}/"), ("Knots", None)]
    assert str(view.total.amount) == "199.90"
    assert [card.title for card in store.search_products("knots")] == ["Knots"]
    Course.objects.update(live=False)
    assert [card.title for card in store.search_products("knots")] == []
    assert not store.baskets([ref])[ref].lines[1].purchasable


def test_prices_are_those_of_the_customer(store, tent):
    member = account(is_superuser=True)
    mine, theirs = basket_ref(make_basket((tent, 1), user=member)), basket_ref(make_basket((tent, 1)))

    prices = {ref: str(view.total.amount) for ref, view in store.baskets([mine, theirs]).items()}
    as_member = store.baskets([theirs], request=request_of(user=member))[theirs]

    assert prices == {mine: "9.950", theirs: "19.90"}
    assert str(as_member.total.amount) == "9.950"


def test_a_product_that_was_deleted_behind_salesmans_back(store, tent):
    ref = basket_ref(make_basket((tent, 1)))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {tent._meta.db_table}")

    (line,) = store.baskets([ref])[ref].lines

    assert (line.title, line.purchasable, line.unit_price, line.url) == (
        f"salesman_shopthing-{tent.pk}",
        False,
        None,
        None,
    )


def test_what_is_left_of_a_few_is_said(store):
    scarce = make_product("Lamp", stock=2)
    ref = basket_ref(make_basket((scarce, 3)))

    (line,) = store.baskets([ref])[ref].lines

    assert (line.purchasable, line.note) == (False, "Only 2 left.")


# What was bought?


def test_an_order_tells_its_number_lines_and_addresses(store, tent):
    store.connect(Listener())
    olena = account()
    basket = make_basket((tent, 2), user=olena)
    order = place_order(basket)

    (view,) = store.recent_orders([Person(str(olena.pk))], since=timezone.now() - HOUR).popitem()[1]

    assert (view.number, view.status, view.basket) == (order.ref, "HOLD", basket_ref(basket))
    assert [(line.title, line.quantity) for line in view.lines] == [("Tent", 2)]
    assert (str(view.total.amount), view.customer_url) == ("39.80", f"/orders/{order.ref}/")
    assert store.orders_by_number([make_order(email="a@example.test").ref]).popitem()[1].customer_url is None


def test_an_order_without_lines_is_none_yet(store, tent):
    store.connect(Listener())
    olena = account()
    basket = make_basket((tent, 1), user=olena)
    begun = begin_payment(basket)

    assert store.orders_for([basket_ref(basket)]) == {}
    assert store.orders_by_number([begun.ref]) == {}
    assert list(store.orders_since(timezone.now() - HOUR)) == []
    assert store.recent_orders([Person(str(olena.pk))], since=timezone.now() - HOUR) == {}
    assert store.baskets([basket_ref(basket)])[basket_ref(basket)].state is State.IN_PAYMENT


def test_a_basket_that_is_filled_again_after_an_order_is_open(store, tent):
    store.connect(Listener())
    basket = make_basket((tent, 1))
    ref = basket_ref(basket)
    place_order(basket)
    assert store.baskets([ref])[ref].state is State.ORDERED

    basket.add(make_product("Stove"))

    assert store.baskets([ref])[ref].state is State.OPEN


def test_questions_cost_as_many_queries_as_the_reference_says(store, tent):
    store.connect(Listener())
    olena = account()
    basket = make_basket((tent, 1), (Course.objects.create(title="Knots"), 1), user=olena)
    ref, since, kinds = basket_ref(basket), timezone.now() - HOUR, 2
    order, lines = place_order(basket), snapshot(store.baskets([ref])[ref])

    assert queries_of(lambda: store.basket_of(Person(str(olena.pk)))) == 1
    assert queries_of(lambda: store.baskets([ref])) == 3 + kinds
    assert queries_of(lambda: store.orders_for([ref])) == 2
    assert queries_of(lambda: store.recent_orders([Person(str(olena.pk))], since=since)) == 2
    assert queries_of(lambda: store.orders_by_number([order.ref])) == 2
    assert queries_of(lambda: store.orders_since(since)) == 2
    assert queries_of(lambda: store.find_idle(since=since, until=timezone.now())) == 1
    assert queries_of(lambda: store.lines_now(lines)) == kinds
    assert queries_of(lambda: store.search_products("knots")) == kinds


# What it tells


def test_adding_tells_where_the_customer_is(customer, events, tent):
    ref = customer.put(tent)

    ((told, _at, person, where),) = events.of("touched")
    assert (told, person) == (ref, Person())
    assert (where.host, where.language, where.currency) == ("testserver", "uk", "EUR")
    assert (where.device, where.by_hand, where.is_staff) == ("phone", True, False)
    assert asking_now() is None


def test_staff_say_so(customer, events, tent):
    customer.browser.force_login(account("staff@example.test", is_staff=True))

    customer.put(tent)

    assert [touch[3].is_staff for touch in events.of("touched")] == [True]


def test_every_way_to_change_a_basket_is_told_once(customer, events, committed, tent):
    ref, path = customer.put(tent), f"/api/basket/salesman_shopthing-{tent.pk}/"
    for change in (
        lambda: customer.browser.put(path, {"quantity": 3}, content_type="application/json"),
        lambda: customer.browser.delete(path),
        lambda: customer.put(tent),
        lambda: customer.browser.post("/api/basket/clear/"),
    ):
        events.told.clear()
        with committed():
            change()
        assert [touch[0] for touch in events.of("touched")] == [ref]


def test_what_is_rolled_back_was_not(events, committed, tent):
    kept, lost = make_basket((tent, 1)), make_basket((tent, 1))

    with committed():
        kept.add(tent)
        with transaction.atomic():
            lost.add(tent)
            transaction.set_rollback(True)

    assert [touch[0] for touch in events.of("touched")] == [basket_ref(kept)]


def test_an_item_that_goes_with_something_else_is_nobodys_doing(events, committed, tent):
    basket = make_basket((tent, 1))
    kept = make_basket((tent, 1))

    with committed():
        basket.delete()
        kept.clear()

    assert [touch[0] for touch in events.of("touched")] == [basket_ref(kept)]


def test_the_address_of_an_account_is_no_guests(events, committed, tent):
    owned, free = make_basket((tent, 1), user=account()), make_basket((tent, 1))

    with committed():
        for basket in (owned, free):
            basket.extra = {"email": "typed@example.test"}
            basket.save(update_fields=["extra"])

    assert events.of("contact") == [(basket_ref(free), "typed@example.test")]


def test_a_basket_is_idle_since_its_newest_item(store, tent):
    basket, now = make_basket((tent, 1), (make_product("Stove"), 1)), timezone.now()
    old, new = basket.items.order_by("pk")
    Item.objects.filter(pk=old.pk).update(date_updated=now - 3 * HOUR)
    Item.objects.filter(pk=new.pk).update(date_updated=now - 2 * HOUR)

    found = store.find_idle(since=now - 4 * HOUR, until=now - HOUR)

    assert [(one.ref, one.last_activity) for one in found] == [(basket_ref(basket), now - 2 * HOUR)]


def test_deleting_a_basket_touches_nothing_and_merges_nothing(events, committed, tent):
    with committed():
        make_basket((tent, 1)).add(tent)
    events.told.clear()

    with committed():
        Basket.objects.all().delete()

    assert events.told == []


@pytest.mark.parametrize("has_the_same", [True, False])
def test_signing_in_tells_of_the_merge(customer, events, committed, tent, has_the_same):
    olena = account()
    own = basket_ref(make_basket((tent if has_the_same else make_product("Stove"), 1), user=olena))
    ref = customer.put(tent)
    customer.browser.force_login(olena)

    with committed():
        customer.browser.get("/api/basket/")

    assert events.of("merged") == [(ref, own)]
    assert events.of("touched")[-1][0] == own


def test_an_order_by_invoice_knows_its_basket_which_is_gone(customer, events, store, tent):
    ref = customer.put(tent, quantity=2)

    customer.order()

    (placed,) = events.of("placed")
    order = Order.objects.get()
    assert (placed.number, placed.basket, placed.person) == (order.ref, ref, Person(email="guest@example.test"))
    assert str(placed.total.amount) == "39.80"
    assert events.of("contact") == [(ref, "Guest@example.test")]
    assert store.orders_for([ref])[ref].number == order.ref
    assert store.baskets([ref]) == {}


def test_a_payment_elsewhere_begins_and_is_confirmed(customer, events, store, tent):
    ref = customer.put(tent)
    url = customer.order("card")
    begun = store.baskets([ref])[ref].state, events.of("paying"), events.of("placed")

    order = customer.pay(url)

    assert begun == (State.IN_PAYMENT, [ref], [])
    (placed,) = events.of("placed")
    assert (placed.number, placed.basket) == (order.ref, ref)
    assert store.orders_for([ref])[ref].number == order.ref
    order.status = "SHIPPED"
    order.save()
    assert len(events.of("placed")) == 1
    assert store.orders_for([ref])[ref].status == "SHIPPED"


def test_a_payment_that_is_confirmed_elsewhere_knows_its_basket_from_before(customer, events, store, tent):
    """A script that holds no basket makes the order out of what the provider says."""
    ref = customer.put(tent)
    customer.order("card")

    order = Order.objects.get()
    order.status, order.extra = "PROCESSING", {}
    order.save()

    assert events.of("placed")[0].basket == ref
    assert store.orders_for([ref])[ref].number == order.ref


def test_an_order_that_began_without_a_basket_gets_its_mark_when_it_is_filled(events, store, tent):
    basket = make_basket((tent, 1))
    order = Order.objects.create_from_request(request_of(basket))
    assert events.of("paying") == []

    order.populate_from_basket(basket, request_of(basket))

    assert [placed.basket for placed in events.of("placed")] == [basket_ref(basket)]
    assert store.orders_for([basket_ref(basket)])[basket_ref(basket)].number == order.ref


def test_a_basket_that_grew_while_it_was_paid_for_is_ordered_with_all_of_it(events, store, tent):
    basket = make_basket((tent, 1))
    order = begin_payment(basket)
    basket.add(make_product("Stove"))

    order.populate_from_basket(basket, request_of(basket))

    assert store.baskets([basket_ref(basket)])[basket_ref(basket)].state is State.ORDERED


def test_nobody_marks_an_order_with_the_basket_of_somebody_else(customer, events, store, tent):
    victim = make_basket((tent, 1))
    theirs = {"basket": str(victim.pk), "ref": basket_ref(victim), "at": timezone.now().isoformat()}
    ref = customer.put(tent)
    customer.browser.put("/api/basket/extra/", {"extra": {"shopchat": theirs}}, content_type="application/json")
    assert row_of(ref).extra["shopchat"] == theirs

    customer.order()
    alone = Order(ref="S-alone", status="HOLD")
    alone.extra = {"shopchat": theirs, "gift": "yes"}
    alone.save()

    assert list(store.orders_for([basket_ref(victim), ref])) == [ref]
    assert [placed.basket for placed in events.of("placed")] == [ref, None]
    assert Order.objects.get(pk=alone.pk).extra == {"gift": "yes"}


def test_an_order_costs_no_query_more(customer, store, tent):
    def queries_of_an_order():
        customer.put(tent)
        with CaptureQueriesContext(connection) as queries:
            customer.order()
            return [one["sql"].split()[0] for one in queries if "SAVEPOINT" not in one["sql"]]

    queries_of_an_order()
    alone = queries_of_an_order()
    store.connect(Listener())

    # What listeners do is theirs; rows that are deleted with their basket are read before, so that merges are seen.
    assert len(queries_of_an_order()) <= len(alone) + 1


# What becomes of baskets that are left


@pytest.fixture
def watching(db):
    observing.connect()
    InboxFactory()


@pytest.mark.usefixtures("watching")
class TestCarts:
    def test_from_the_first_click_to_the_order(self, customer, tent):
        ref = customer.put(tent)
        sweep(timezone.now() + HOUR)
        left = watch_of(ref)

        customer.order()
        at_once = watch_of(ref).state
        sweep(timezone.now() + 2 * MINUTE)

        assert (left.state, left.quantity, left.currency, left.device) == (Watch.ABANDONED, 1, "EUR", "phone")
        assert left.lines[0]["title"] == "Tent"
        assert (at_once, watch_of(ref).order_number) == (Watch.ORDERED, Order.objects.get().ref)
        assert steps(ref) == [Watch.IDLE, Watch.ABANDONED, Watch.ORDERED]

    def test_one_that_nobody_told_of_is_found(self, tent):
        olena = account()
        listeners, salesman_events.listeners[:] = [*salesman_events.listeners], []
        ref = basket_ref(make_basket((tent, 1), user=olena))
        salesman_events.listeners[:] = listeners
        Item.objects.update(date_updated=timezone.now() - HOUR)

        sweep()
        sweep(timezone.now() + HOUR)

        assert watch_of(ref).state == Watch.ABANDONED

    def test_free_things_are_no_basket_to_come_back_for(self, tent):
        taras, olena = account("taras@example.test"), account()
        salesman_events.listeners.clear()
        free = basket_ref(make_basket((make_product("Sticker", price="0.00"), 1), user=taras))
        dear = basket_ref(make_basket((tent, 1), user=olena))
        Item.objects.update(date_updated=timezone.now() - HOUR)
        assert len(able(FindsIdle).find_idle(since=timezone.now() - 2 * HOUR, until=timezone.now())) == 2

        sweep()

        assert [watch.ref for watch in BasketWatch.objects.all()] == [dear]
        assert free != dear

    def test_signing_in_takes_the_story_along(self, customer, tent, committed):
        olena = account()
        own = basket_ref(make_basket((make_product("Stove"), 1), user=olena))
        ref = customer.put(tent)
        sweep(timezone.now() + HOUR)
        left_at = watch_of(ref).abandoned_at

        customer.browser.force_login(olena)
        with committed():
            customer.browser.get("/api/basket/")

        assert (watch_of(ref).state, watch_of(ref).merged_into) == (Watch.MERGED, own)
        assert watch_of(own).abandoned_at == left_at

    def test_a_payment_from_which_nobody_returns(self, customer, tent):
        ref = customer.put(tent)
        customer.order("card")
        assert watch_of(ref).state == Watch.PAYING

        sweep(timezone.now() + 31 * MINUTE)

        assert watch_of(ref).state == Watch.PAYMENT_INTERRUPTED

    def test_a_payment_that_comes_late_is_an_order(self, customer, tent):
        ref = customer.put(tent)
        url = customer.order("card")
        sweep(timezone.now() + 31 * MINUTE)

        customer.pay(url)

        assert watch_of(ref).state == Watch.ORDERED

    def test_an_order_that_is_cancelled_later(self, customer, tent):
        ref = customer.put(tent)
        sweep(timezone.now() + HOUR)
        customer.order()
        sweep(timezone.now() + HOUR)
        Order.objects.update(status="CANCELLED")

        sweep(timezone.now() + 30 * HOUR)

        assert watch_of(ref).order_cancelled_at is not None


@pytest.mark.usefixtures("watching")
def test_a_link_brings_it_back_on_another_device(store, tent):
    left = make_basket((tent, 2))
    ref = basket_ref(left)
    lines = [line.as_json() for line in snapshot(store.baskets([ref])[ref])]
    watch = BasketWatchFactory(ref=ref, store="salesman", lines=lines)
    path, browser = f"/chat/basket/{recovering.make_link(watch, purpose='mail')}/", Client()

    seen = browser.get(path, {"lang": "en"})
    before = Basket.objects.count(), dict(browser.cookies)
    for _ in range(2):
        pressed = press(browser, path)

    assert "2 pieces" in words(seen)
    assert before == (1, {})
    assert "in your basket" in words(pressed)
    theirs = Basket.objects.get(pk=browser.session[SESSION_KEY])
    assert theirs != left
    assert [(item.product, item.quantity) for item in theirs.items.all()] == [(tent, 2)]
    assert left.quantity == 2


# What is put into a basket


def test_the_shops_rules_are_asked(store):
    lamp = make_product("Lamp", stock=500)
    lines = snapshot_of(store, (lamp, AT_ONCE + 10))
    mine = make_basket((lamp, 1))

    for _ in range(2):
        done = store.restore(request_of(mine), lines, mode=RestoreMode.ADD)

    (line,) = done.lines
    assert (line.present, line.refusal, line.note) == (AT_ONCE, Refusal.REFUSED, f"No more than {AT_ONCE} at once.")
    result = store.put_in_basket(request_of(), product_ref(lamp), quantity=AT_ONCE + 1)
    assert (result.present, result.refusal) == (AT_ONCE, Refusal.REFUSED)


def test_lines_of_one_product_stay_apart(store, tent):
    basket = make_basket()
    basket.add(tent, 1, ref="red", extra={"colour": "red"})
    basket.add(tent, 2, ref="blue", extra={"colour": "blue"})
    lines = snapshot(store.baskets([basket_ref(basket)])[basket_ref(basket)])

    olena = account()

    for _ in range(2):
        done = store.restore(request_of(user=olena), lines, mode=RestoreMode.ADD)

    items = {item.ref: (item.quantity, item.extra["colour"]) for item in row_of(done.basket).items.all()}
    assert items == {"red": (1, "red"), "blue": (2, "blue")}


def test_the_stock_is_shared_by_lines_of_one_product(store, tent):
    basket = make_basket((tent, 4))

    result = store.put_in_basket(request_of(basket), product_ref(tent), quantity=3, options={"ref": "blue"})

    assert (result.present, result.refusal) == (1, Refusal.OUT_OF_STOCK)


def test_a_name_that_went_to_another_product_gets_nothing(store, tent):
    lines = snapshot_of(store, (tent, 1))
    stove, mine = make_product("Stove"), make_basket()
    mine.add(stove, 1, ref=lines[0].options["ref"])

    (line,) = store.restore(request_of(mine), lines, mode=RestoreMode.ADD).lines

    assert line.refusal is Refusal.REFUSED
    assert [item.product for item in mine.items.all()] == [stove]


def test_a_basket_in_payment_is_not_changed(store, tent):
    store.connect(Listener())
    stove = make_product("Stove")
    lines = snapshot_of(store, (tent, 2), (stove, 1))
    mine = make_basket((tent, 2))
    begin_payment(mine)
    ref = basket_ref(mine)
    before = store.baskets([ref])[ref]

    done = [store.restore(request_of(mine), lines, mode=mode) for mode in RestoreMode]
    more = store.put_in_basket(request_of(mine), product_ref(stove))
    fewer = store.set_quantity(request_of(mine), before.lines[0].key, 1)

    assert store.baskets([ref])[ref] == before
    assert [[line.refusal for line in one.lines] for one in done] == [[Refusal.NONE, Refusal.REFUSED]] * 2
    assert (more.refusal, fewer.refusal, fewer.present) == (Refusal.REFUSED, Refusal.REFUSED, 2)
    assert more.note == "This basket is being paid for."


def test_one_that_its_customer_filled_again_is_changed(store, tent):
    store.connect(Listener())
    mine = make_basket((tent, 1))
    begin_payment(mine)
    mine.add(make_product("Stove"))

    result = store.put_in_basket(request_of(mine), product_ref(tent))

    assert (result.present, result.refusal) == (2, Refusal.NONE)


def test_a_basket_is_made_for_lines_and_remembered_by_the_session(store, tent):
    request = request_of()

    done = store.restore(request, snapshot_of(store, (tent, 1)), mode=RestoreMode.ADD)

    assert request.session[SESSION_KEY] == row_of(done.basket).pk
    assert done.url == "/basket/"


def test_a_line_whose_product_is_lost_can_only_go(store, tent):
    mine = make_basket((tent, 1))
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {tent._meta.db_table}")
    (line,) = store.baskets([basket_ref(mine)])[basket_ref(mine)].lines

    more = store.set_quantity(request_of(mine), line.key, 2)
    none = store.set_quantity(request_of(mine), line.key, 0)

    assert (more.refusal, more.present, none.present) == (Refusal.GONE, 1, 0)
    assert not mine.items.exists()


# What products say by themselves


def test_products_without_a_class_of_the_shops(tent, monkeypatch):
    store = SalesmanStore(CURRENCY="EUR")
    course = Course(title="Knots", live=False)
    course.save()
    ref = basket_ref(make_basket((tent, 99), (course, 1)))

    many, hidden = store.baskets([ref], images=True)[ref].lines

    assert (many.purchasable, many.url, many.image_url) == (True, f"/things/{tent.pk}/", None)
    assert not hidden.purchasable
    assert [card.title for card in store.search_products("knots")] == []
    course.live, course.url = True, "/courses/knots/"
    assert store.shop.products.url(course) == "/courses/knots/"
    monkeypatch.setattr(type(tent), "get_absolute_url", lambda self: reverse("nowhere"))
    assert store.shop.products.url(tent) is None


def test_a_search_that_fits_exactly_comes_first(store):
    for title in ("A tent", "Tent", "Tents"):
        make_product(title)

    assert [card.title for card in store.search_products("tent")] == ["Tent", "Tents", "A tent"]


def test_an_id_that_cannot_be_one_belongs_to_nobody(store, tent):
    make_basket((tent, 1), user=account())

    for user_id in ("olena", "-1", "99999999999999999999", "\0"):
        assert store.basket_of(Person(user_id)) is None
        assert store.recent_orders([Person(user_id)], since=timezone.now() - HOUR) == {}


# Is it set up?


def test_the_middleware_remembers_for_views_of_both_kinds(rf):
    seen = []

    def view(request):
        seen.append(asking_now().request)

    async def view_async(request):
        view(request)

    requests = [rf.get("/"), rf.get("/")]
    remember_request(view)(requests[0])
    async_to_sync(remember_request(view_async))(requests[1])

    assert seen == requests
    assert asking_now() is None


def found(**options):
    return [message.id for message in SalesmanStore(**{**OPTIONS, **options}).check()]


def test_options_that_cannot_be_right_are_explained(settings):
    assert found() == []
    assert found(CURRENCY="") == ["shopchat.E105"]
    assert found(CURRENCY="Euro") == ["shopchat.E105"]
    assert found(CANCELLED=("LOST",)) == ["shopchat.W106"]
    assert found(CANCELLED="CANCELLED") == ["shopchat.W106"]
    assert found(BASKET_URL="https://elsewhere.example/") == ["shopchat.W107"]
    assert found(PRODUCTS="tests.stores.test_salesman_shop.Nameless") == ["shopchat.W105"]
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "salesman" not in one]
    assert found() == ["shopchat.W104"]


@pytest.mark.parametrize("path", ["nowhere.Products", "shopchat.stores.base.State", "shopchat.stores.base.Person"])
def test_products_that_are_none_are_explained(settings, path):
    settings.SHOPCHAT = {
        "STORE": {"BACKEND": "shopchat.stores.salesman.SalesmanStore", "OPTIONS": {**OPTIONS, "PRODUCTS": path}}
    }

    (message,) = check_store(None)

    assert message.id == "shopchat.E001"
    assert "PRODUCTS of SalesmanStore" in message.msg


def test_apps_that_are_missing_are_named(monkeypatch):
    monkeypatch.setattr(salesman_checks, "APPS", ("salesman.core", "salesman.admin"))

    (message,) = SalesmanStore(**OPTIONS).check()

    assert (message.id, "salesman.admin" in message.msg) == ("shopchat.E104", True)


def test_a_model_that_is_not_there_is_named(settings):
    settings.SALESMAN_BASKET_MODEL = "nowhere.Basket"

    (message,) = SalesmanStore(**OPTIONS).check()

    assert (message.id, "nowhere" in message.msg) == ("shopchat.E104", True)


def test_the_shop_is_found_well_by_the_doctor(capsys):
    assert configured_store().key == "salesman"
    call_command("check")


class Nameless(Things):
    search_fields = ("isbn",)
