import logging
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.signing import Signer
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone, translation
from PIL import Image

pytest.importorskip("oscar")
if not settings.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.apps.partner.strategy import UK, Selector
from oscar.core.loading import get_model

from shopchat.core.money import Money
from shopchat.stores import oscar_events
from shopchat.stores.base import BasketRef, Person, State
from shopchat.stores.oscar import OscarStore
from shopchat.stores.oscar_rows import basket_ref, product_ref
from shopchat_widget import subjects
from tests.stores.contract import StoreContract, request_with
from tests.stores.contract_abilities import (
    ChangesLinesContract,
    FindsIdleContract,
    FindsOrdersContract,
    FindsPaymentsContract,
    IssuesVouchersContract,
    RecommendsContract,
    RestoresContract,
    TellsEventsContract,
)
from tests.stores.oscar_shop import cookies_for, make_basket, make_order, make_product, request_of, submit

pytestmark = [
    pytest.mark.django_db,
    # The suite's search engine indexes nothing and says so whenever a product is saved or deleted.
    pytest.mark.filterwarnings("ignore:(update|remove) is not implemented in this backend:UserWarning"),
]
User = get_user_model()


def basket_row(ref):
    return get_model("basket", "Basket").objects.get(pk=ref.split(":")[1])


def ref_of(basket):
    basket.refresh_from_db()
    return basket_ref(basket)


def account(email="olena@example.test"):
    return User.objects.create_user(email, email)


@pytest.fixture
def store():
    return OscarStore()


class TestOscarStore(
    TellsEventsContract,
    FindsIdleContract,
    FindsPaymentsContract,
    FindsOrdersContract,
    RestoresContract,
    ChangesLinesContract,
    RecommendsContract,
    IssuesVouchersContract,
    StoreContract,
):
    def make_store(self):
        return OscarStore()

    def make_user(self, email="olena@example.test"):
        return str(account(email).pk)

    def make_product(self, title, **product):
        return make_product(title, **product)

    def make_basket(self, *lines, user_id=None, state=State.OPEN):
        owner = User.objects.get(pk=user_id) if user_id else None
        return ref_of(make_basket(*lines, owner=owner, state=state))

    def remove_basket(self, ref):
        basket_row(ref).delete()

    def make_order(self, *, user_id=None, basket=None, **order):
        user = User.objects.get(pk=user_id) if user_id else None
        return make_order(user=user, basket=basket and basket_row(basket), **order).number

    def cookies_for(self, ref):
        return cookies_for(basket_row(ref))

    def request_paying(self, ref, cookies=None):
        session = SessionStore()
        submit(session, basket_row(ref))
        request = request_with({settings.SESSION_COOKIE_NAME: session.session_key, **(cookies or {})})
        request.opened, request.user = SessionStore(session.session_key), AnonymousUser()
        request.opened.keys()  # the log-in has asked already
        request.opened.accessed = False
        return request

    def make_staff(self):
        return str(User.objects.create_user("staff", "staff@example.test", is_staff=True).pk)

    def make_gift(self, title):
        return make_product(title, price="0.00")

    def make_foreign(self, title):
        return make_product(title, currency="USD")

    def set_stock(self, product, stock):
        product.stockrecords.update(num_in_stock=stock)

    def set_price(self, product, amount):
        product.stockrecords.update(price=amount)

    def remove_product(self, product):
        product.delete()

    def ref_of_product(self, product):
        return product_ref(product)

    def relate(self, product, other):
        product.primary_recommendations.create(recommendation=other)

    def leave(self, ref, moment):
        basket_row(ref).lines.update(date_updated=moment)

    def change_quantity(self, ref, quantity):
        line = basket_row(ref).lines.first()
        line.quantity = quantity
        line.save()

    def empty(self, ref):
        basket_row(ref).flush()

    def merge(self, old, new):
        basket_row(new).merge(basket_row(old), add_quantities=False)

    def pay(self, ref):
        basket_row(ref).freeze()

    def fail(self, ref):
        basket_row(ref).thaw()

    def disconnect(self, events):
        oscar_events.disconnect(events)

    def cancel_order(self, number):
        get_model("order", "Order").objects.filter(number=number).update(status="Cancelled")

    def request_of(self, *, ref=None, user_id=None):
        return request_of(ref and basket_row(ref), user_id and User.objects.get(pk=user_id))

    def use_voucher(self, code):
        voucher = get_model("voucher", "Voucher").objects.get(code=code)
        voucher.record_usage(make_order(), account("somebody@example.test"))


# Whose basket is this?


def test_the_visitors_own_shop_agrees_about_the_current_basket(client, store):
    """Oscar makes the basket and its cookie; the store reads them."""
    tent = make_product("Tent")
    response = client.post(f"/basket/add/{tent.pk}/", {"quantity": 2})
    assert response.status_code == 302
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}

    ref = store.current_basket(request_with(cookies))

    line = store.baskets([ref])[ref].lines[0]
    assert (line.title, line.quantity, line.unit_price) == ("Tent", 2, Money(Decimal("19.90"), "EUR"))
    assert line.unit_price == line.unit_price_when_added


def test_the_name_of_the_cookie_is_the_shops(store, settings):
    settings.OSCAR_BASKET_COOKIE_OPEN = "trolley"
    basket = make_basket((make_product("Tent"), 1))

    assert store.current_basket(request_with(cookies_for(basket, "trolley"))) == ref_of(basket)
    assert store.current_basket(request_with(cookies_for(basket))) is None


@pytest.mark.parametrize("value", ["tent", "", "1.5", "-1", "99999999999999999999", "0", "1 OR 1=1"])
def test_a_well_signed_cookie_over_nonsense_finds_nothing(store, value):
    make_basket((make_product("Tent"), 1))

    assert store.current_basket(request_with({"oscar_open_basket": Signer().sign(value)})) is None


@pytest.mark.parametrize("user_id", ["olena", "-1", "99999999999999999999", "\0"])
def test_an_id_that_cannot_be_one_belongs_to_nobody(store, user_id):
    make_basket((make_product("Tent"), 1), owner=account())
    make_order(user=account("petro@example.test"))

    assert store.basket_of(Person(user_id)) is None
    assert store.current_basket(request_with(user_id=user_id)) is None
    assert store.recent_orders([Person(user_id)], since=timezone.now() - timedelta(days=1)) == {}


def test_a_cookie_signed_for_another_purpose_finds_nothing(store):
    basket = make_basket((make_product("Tent"), 1))

    other = Signer(salt="something else").sign(basket.pk)

    assert store.current_basket(request_with(cookies_for(basket))) == ref_of(basket)
    assert store.current_basket(request_with({"oscar_open_basket": other})) is None


def test_a_merged_basket_gives_way_to_the_one_it_went_into(store):
    owner, tent = account(), make_product("Tent")
    anonymous, own = make_basket((tent, 3)), make_basket((tent, 1), owner=owner)
    before = ref_of(anonymous)
    cookies = cookies_for(anonymous)

    own.merge(anonymous, add_quantities=False)

    assert store.current_basket(request_with(cookies, user_id=str(owner.pk))) == ref_of(own)
    assert store.current_basket(request_with(cookies)) is None
    views = store.baskets([before, ref_of(own)])
    assert (views[before].state, views[before].lines) == (State.MERGED, ())
    assert views[ref_of(own)].quantity == 3


def test_a_ref_does_not_open_a_later_basket_that_got_the_same_id(store):
    first = make_basket((make_product("Tent"), 1))
    ref, pk = ref_of(first), first.pk
    assert ref in store.baskets([ref])
    first.delete()
    second = get_model("basket", "Basket").objects.create(pk=pk)
    order = make_order(basket=second)

    assert store.baskets([ref]) == {}
    assert store.orders_for([ref]) == {}
    assert store.orders_for([ref_of(second)])[ref_of(second)].number == order.number


@pytest.mark.parametrize(
    "ref", ["oscar:\0:1", "oscar:x:1", "oscar:-1:1", f"oscar:{10**30}:1", "oscar:1", "oscar:1:1:1"]
)
def test_a_ref_that_no_store_made_finds_nothing(store, ref):
    make_basket((make_product("Tent"), 1))

    assert store.baskets([BasketRef(ref)]) == store.orders_for([BasketRef(ref)]) == {}


# What is in it?


def test_the_last_activity_is_that_of_the_newest_line(store):
    basket = make_basket((make_product("Tent"), 1), (make_product("Stove"), 1))
    an_hour_ago = timezone.now() - timedelta(hours=1)
    days_ago = timezone.now() - timedelta(days=3)
    basket.lines.update(date_updated=days_ago)
    basket.lines.filter(product__title="Stove").update(date_updated=an_hour_ago)

    assert store.baskets([ref_of(basket)])[ref_of(basket)].last_activity == an_hour_ago


def test_an_empty_basket_was_last_touched_when_it_was_made(store):
    basket = make_basket()

    assert store.baskets([ref_of(basket)])[ref_of(basket)].last_activity == basket.date_created


def test_a_status_of_the_shops_own_is_neither_open_nor_ordered(store):
    basket = make_basket((make_product("Tent"), 1))
    type(basket).objects.filter(pk=basket.pk).update(status="Quote asked")

    assert store.baskets([ref_of(basket)])[ref_of(basket)].state is State.SAVED


def test_a_line_whose_product_was_deleted_is_gone(store):
    tent, stove = make_product("Tent"), make_product("Stove")
    basket = make_basket((tent, 1), (stove, 1))

    stove.delete()

    assert [line.title for line in store.baskets([ref_of(basket)])[ref_of(basket)].lines] == ["Tent"]


def label_of(product):
    return subjects.read(subjects.product_token(product), caller=None).label


def test_a_link_to_be_called_about_a_product_asks_the_database_nothing(django_assert_num_queries):
    parent = make_product("Tent", structure="parent")
    plain, red = make_product("", parent=parent), make_product("Tent, red", parent=parent)
    rows = get_model("catalogue", "Product").objects
    unread, deferred, own = rows.get(pk=plain.pk), rows.only("pk").get(pk=red.pk), rows.get(pk=red.pk)
    joined = rows.select_related("parent").get(pk=plain.pk)
    listed = next(one for one in rows.get(pk=parent.pk).children.all() if one.pk == plain.pk)

    with django_assert_num_queries(0):
        labels = [label_of(product) for product in (own, joined, unread, deferred)]

    assert labels == ["Tent, red", "Tent", "", ""]
    assert label_of(listed) == "Tent"
    assert str(subjects.read(subjects.product_token(unread), caller=None)) == "This product"


def test_a_variant_of_an_unpublished_parent_is_no_longer_on_sale(store):
    parent = make_product("Tent", structure="parent")
    variant = make_product("Tent, red", parent=parent)
    basket = make_basket((variant, 1))
    assert store.baskets([ref_of(basket)])[ref_of(basket)].lines[0].purchasable

    parent.is_public = False
    parent.save()

    line = store.baskets([ref_of(basket)])[ref_of(basket)].lines[0]
    assert (line.purchasable, line.url, line.note) == (False, None, "No longer on sale.")


def test_a_variant_without_a_title_is_named_by_its_attributes_and_options(store):
    parent = make_product("Tent", structure="parent")
    variant = make_product("", parent=parent)
    attributes = parent.product_class.attributes
    size = attributes.create(name="Size", code="size", type="text")
    story = attributes.create(name="Story", code="story", type="richtext")
    variant.attribute_values.create(attribute=size, value_text="for two")
    variant.attribute_values.create(attribute=story, value_richtext="<p>Long</p>")
    basket = make_basket((variant, 1))
    option = get_model("catalogue", "Option")
    line = basket.lines.get()
    line.attributes.create(option=option.objects.create(name="Name on it", code="name"), value="Anna")
    line.attributes.create(option=option.objects.create(name="Pegs", code="pegs"), value=["long", "short"])

    title = store.baskets([ref_of(basket)])[ref_of(basket)].lines[0].title

    assert title == "Tent (for two, Name on it: Anna, Pegs: long, short)"


def test_a_price_that_moved_is_told_in_the_active_language(store):
    tent = make_product("Tent", price="22.99")
    basket = make_basket((tent, 1))
    tent.stockrecords.update(price=Decimal("27.99"))

    with translation.override("uk"):
        line = store.baskets([ref_of(basket)])[ref_of(basket)].lines[0]

    assert (line.unit_price_when_added.amount, line.unit_price.amount) == (Decimal("22.99"), Decimal("27.99"))
    assert "22,99\xa0€" in line.note
    assert line.purchasable


def test_a_product_without_a_price_leaves_the_total_open(store):
    tent, gift = make_product("Tent"), make_product("Gift")
    basket = make_basket((tent, 1), (gift, 1))
    gift.stockrecords.update(price=None)

    view = store.baskets([ref_of(basket)])[ref_of(basket)]

    assert [bool(line.unit_price) for line in view.lines] == [True, False]
    assert view.total is None


def test_prices_are_the_customers_own_with_their_request(store, monkeypatch):
    """A shop whose taxes depend on the request."""
    monkeypatch.setattr(
        Selector, "strategy", lambda self, request=None, user=None, **_: UK(request) if request else UK()
    )
    monkeypatch.setattr(UK, "get_rate", lambda self, *_: Decimal("0.2") if self.request else Decimal(0))
    basket = make_basket((make_product("Tent", price="10.00"), 1))
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    anybody = store.baskets([ref_of(basket)])[ref_of(basket)].total
    customer = store.baskets([ref_of(basket)], request=request)[ref_of(basket)].total

    assert (anybody.amount, customer.amount) == (Decimal("10.00"), Decimal("12.00"))
    assert store.search_products("tent")[0].price.amount == Decimal("10.00")
    assert store.search_products("tent", request=request)[0].price.amount == Decimal("12.00")


def test_fifty_baskets_cost_seven_queries(store):
    parent = make_product("Boots", structure="parent")
    variant = make_product("", parent=parent)
    size = parent.product_class.attributes.create(name="Size", code="size", type="text")
    variant.attribute_values.create(attribute=size, value_text="42")
    option = get_model("catalogue", "Option").objects.create(name="Name", code="name")
    baskets = [make_basket((make_product("Tent"), 1), (variant, 1)) for _ in range(50)]
    for basket in baskets:
        basket.lines.first().attributes.create(option=option, value="Anna")
    refs = [ref_of(basket) for basket in baskets]

    with CaptureQueriesContext(connection) as queries:
        assert len(store.baskets(refs)) == 50

        # baskets, lines, stock, attributes of variants, their many-valued ones, options, vouchers
        assert len(queries) == 7, [query["sql"][:90] for query in queries]


# Pictures


def picture_of(product):
    data = BytesIO()
    Image.new("RGB", (400, 300), "green").save(data, "PNG")
    return product.images.create(original=ContentFile(data.getvalue(), "tent.png"))


def test_a_thumbnail_is_drawn_only_when_asked_for(store):
    parent = make_product("Boots", structure="parent")
    tent, variant, plain = make_product("Tent"), make_product("Boots 42", parent=parent), make_product("Stove")
    picture_of(tent)
    picture_of(parent)
    basket = make_basket((tent, 1), (variant, 1), (plain, 1))

    without = store.baskets([ref_of(basket)])[ref_of(basket)]
    view = store.baskets([ref_of(basket)], images=True)[ref_of(basket)]

    assert [line.image_url for line in without.lines] == [None, None, None]
    own, parents, none = (line.image_url for line in view.lines)
    assert own.startswith("/media/")
    assert parents.startswith("/media/")
    assert none is None
    assert store.search_products("tent", images=True)[0].image_url == own


@pytest.mark.parametrize("damage", ["lost", "broken"])
def test_a_picture_that_cannot_be_drawn_is_left_out(store, damage):
    tent = make_product("Tent")
    picture = picture_of(tent)
    if damage == "lost":
        picture.original.storage.delete(picture.original.name)
    else:
        with picture.original.storage.open(picture.original.name, "wb") as file:
            file.write(b"this is no picture")
    basket = make_basket((tent, 1))

    view = store.baskets([ref_of(basket)], images=True)[ref_of(basket)]

    assert view.lines[0].image_url is None


def test_a_thumbnailer_that_breaks_the_database_does_not_spoil_the_transaction(store, monkeypatch, caplog):
    def broken(*args, **options):
        account("half-done@example.test")
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM a_table_that_was_never_made")

    monkeypatch.setattr("oscar.core.thumbnails.SorlThumbnail.generate_thumbnail", broken)
    tent = make_product("Tent")
    picture_of(tent)
    basket = make_basket((tent, 1))

    with caplog.at_level(logging.WARNING):
        view = store.baskets([ref_of(basket)], images=True)[ref_of(basket)]

    assert view.lines[0].image_url is None
    assert "No thumbnail" in caplog.text
    assert User.objects.count() == 0


# What was bought?


def test_an_order_leads_staff_and_customer_to_its_pages(store):
    owner = account()
    own = make_order(user=owner, status="Being packed")
    guests = make_order(email="olena@example.test")

    found = store.recent_orders(
        [Person(str(owner.pk), owner.email)], since=timezone.now() - timedelta(days=1)
    ).popitem()[1]

    views = {view.number: view for view in found}
    assert resolve(views[own.number].url).view_name == "dashboard:order-detail"
    assert resolve(views[own.number].customer_url).view_name == "customer:order"
    assert views[own.number].status == "Being packed"
    assert views[own.number].total == Money(Decimal("25.00"), "EUR")
    assert views[guests.number].customer_url is None


def test_the_address_of_an_account_finds_its_orders(store):
    order = make_order(user=account("Olena@Example.test"))
    make_order(user=account("petro@example.test"))
    olena = Person(email="olena@example.test")

    found = store.recent_orders([olena], since=timezone.now() - timedelta(days=1))

    assert [view.number for view in found[olena]] == [order.number]


def test_an_order_outlives_its_basket(store):
    owner = account()
    order = make_order(user=owner, basket=make_basket(owner=owner))
    order.basket.delete()
    who = Person(str(owner.pk))

    view = store.recent_orders([who], since=timezone.now() - timedelta(days=1))[who][0]

    assert (view.number, view.basket) == (order.number, None)


def test_orders_cost_three_queries(store):
    owner = account()
    basket = make_basket((make_product("Tent"), 1), owner=owner)
    make_order(user=owner, basket=basket, lines=[("Tent", 1)])

    with CaptureQueriesContext(connection) as queries:
        store.recent_orders([Person(str(owner.pk))], since=timezone.now() - timedelta(days=1))
        assert len(queries) == 3
    with CaptureQueriesContext(connection) as queries:
        store.orders_for([BasketRef(basket_ref(basket))])
        assert len(queries) == 3


# What is there to buy?


def test_a_variant_is_shown_as_its_parent(store):
    parent = make_product("Boots", structure="parent")
    make_product("Red", parent=parent, upc="B-42-RED", price="55.00")
    make_product("Blue", parent=parent, public=False, upc="B-42-BLUE")

    by_title, by_number = store.search_products("boots red"), store.search_products("b-42-red")

    assert by_title == by_number
    assert [(card.title, card.price, card.in_stock) for card in by_title] == [
        ("Boots", Money(Decimal("55.00"), "EUR"), True)
    ]
    assert resolve(by_title[0].url).view_name == "catalogue:detail"
    assert store.search_products("b-42-blue") == []


def test_an_exact_number_comes_first_and_then_what_begins_with_the_words(store):
    make_product("A bag for a tent")
    make_product("Tent")
    make_product("Zipper", upc="tent")

    assert [card.title for card in store.search_products("tent")] == ["Zipper", "Tent", "A bag for a tent"]


def test_a_search_costs_four_queries(store):
    for number in range(3):
        make_product(f"Tent {number}")
        parent = make_product(f"Tents {number}", structure="parent")
        make_product(f"Tent red {number}", parent=parent)
        make_product(f"Tent blue {number}", parent=parent)

    with CaptureQueriesContext(connection) as queries:
        assert len(store.search_products("tent")) == 6

        # products, stock, variants, their stock
        assert len(queries) == 4, [query["sql"][:90] for query in queries]


# Shops that are set up otherwise


def test_a_shop_without_oscars_pages_has_no_addresses(store, settings):
    settings.ROOT_URLCONF = "tests.stores.no_urls"
    owner, tent = account(), make_product("Tent")
    basket = make_basket((tent, 1), owner=owner)
    make_order(user=owner, basket=basket)

    order = store.orders_for([ref_of(basket)])[ref_of(basket)]

    assert (order.url, order.customer_url) == (None, None)
    assert store.baskets([ref_of(basket)])[ref_of(basket)].lines[0].url is None
    assert store.search_products("tent")[0].url == ""


def test_a_check_names_the_apps_that_are_missing(store, monkeypatch):
    monkeypatch.setattr("shopchat.stores.oscar_checks.APPS", ("basket", "trolley"))

    (message,) = store.check()

    assert message.id == "shopchat.E101"
    assert "trolley" in message.msg
    assert "basket" not in message.msg
    assert message.hint


def test_a_check_tells_when_there_will_be_no_pictures(store, settings):
    settings.OSCAR_THUMBNAILER = "no.such.Thumbnailer"

    (message,) = store.check()

    assert message.id == "shopchat.W101"


def test_a_check_tells_when_no_basket_could_be_restored(store, settings):
    assert store.check() == []
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "basket" not in path]

    (message,) = store.check()

    assert message.id == "shopchat.W102"
    assert "oscar.apps.basket.middleware.BasketMiddleware" in message.hint


@pytest.mark.parametrize("words", [("Torn up",), "Cancelled"])
def test_a_check_tells_when_no_order_could_count_as_cancelled(settings, words):
    settings.OSCAR_ORDER_STATUS_PIPELINE = {"Placed": ("Shipped", "Cancelled"), "Shipped": ()}
    assert OscarStore(CANCELLED=("Cancelled",)).check() == []

    (message,) = OscarStore(CANCELLED=words).check()

    assert message.id == "shopchat.W103"
    assert "Cancelled, Placed, Shipped" in message.hint
