"""What Oscar's own views and classes make it tell."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

pytest.importorskip("oscar")
if not settings.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.core.money import Money
from shopchat.stores import oscar_events
from shopchat.stores.base import Person
from shopchat.stores.oscar import OscarStore
from shopchat.stores.oscar_rows import basket_ref
from tests.stores.contract_abilities import Listener
from tests.stores.oscar_shop import make_basket, make_order, make_product, place_order, with_strategy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:(update|remove) is not implemented in this backend:UserWarning"),
]
User = get_user_model()
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148"


@pytest.fixture
def events(monkeypatch):
    """Alone with Oscar: the process's own listener hears nothing meanwhile, and is back afterwards."""
    monkeypatch.setattr(oscar_events, "listeners", [])
    events = Listener()
    OscarStore().connect(events)
    return events


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def olena():
    return User.objects.create_user("olena", "olena@example.test", "secret")


def newest_basket():
    return get_model("basket", "Basket").objects.latest("pk")


def add(client, product, **headers):
    response = client.post(f"/basket/add/{product.pk}/", {"quantity": 1}, headers=headers)
    assert response.status_code == 302


# Touches


def test_adding_to_a_basket_tells_where_the_customer_is(client, events, committed):
    with committed():
        add(
            client,
            make_product("Tent"),
            **{"User-Agent": PHONE, "Accept-Language": "uk", "Referer": "http://testserver/a/?utm_source=letter"},
        )

    ((ref, _, person, where),) = events.of("touched")
    assert ref == basket_ref(newest_basket())
    assert person == Person()
    assert (where.host, where.language, where.currency) == ("testserver", "uk", "EUR")
    assert (where.device, where.source, where.by_hand, where.is_staff) == ("phone", "letter", True, False)


@pytest.mark.parametrize("agent", ["", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5"])
def test_a_robot_fills_no_basket_by_hand(client, events, committed, agent):
    with committed():
        add(client, make_product("Tent"), **{"User-Agent": agent})

    ((*_, where),) = events.of("touched")
    assert not where.by_hand


def test_quantities_changed_on_the_basket_page_and_removed_lines_are_told_with_their_request(client, events, committed):
    add(client, make_product("Tent"))
    line = newest_basket().lines.get()
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": line.pk}

    with committed():
        client.post("/basket/", {**form, "form-0-quantity": 3}, headers={"User-Agent": PHONE})
    with committed():
        client.post("/basket/", {**form, "form-0-quantity": 0, "form-0-DELETE": "on"}, headers={"User-Agent": PHONE})

    touches = events.of("touched")
    assert len(touches) == 2
    assert all(where.host == "testserver" and where.by_hand for *_, where in touches)
    assert not newest_basket().lines.exists()


def test_many_changes_of_one_transaction_are_told_once(events, committed):
    basket, other = make_basket(), make_basket()
    with committed():
        for basket_row in (basket, other, basket):
            with_strategy(basket_row).add_product(make_product("Tent"))

    assert sorted(touch[0] for touch in events.of("touched")) == sorted([basket_ref(basket), basket_ref(other)])


def test_what_is_rolled_back_is_not_told_and_takes_nothing_with_it(events, committed):
    basket, other, tent = make_basket(), make_basket(), make_product("Tent")

    with committed():
        with_strategy(basket).add_product(tent)
        with transaction.atomic():
            with_strategy(basket).add_product(tent)
            with_strategy(other).add_product(tent)
            transaction.set_rollback(True)

    assert [touch[0] for touch in events.of("touched")] == [basket_ref(basket)]


def test_a_product_that_is_deleted_touches_no_basket(events, committed):
    tent = make_product("Tent")
    basket = make_basket((tent, 1))

    with committed():
        tent.delete()
    assert events.of("touched") == []

    with committed():
        with_strategy(basket).add_product(make_product("Stove"))
        basket.flush()
    assert len(events.of("touched")) == 1


def test_a_basket_of_staff_says_so(events, committed):
    owner = User.objects.create_user("staff", "staff@example.test", is_staff=True)
    with committed():
        make_basket((make_product("Tent"), 1), owner=owner)

    ((*_, where),) = events.of("touched")
    assert where.is_staff


def test_pages_of_the_catalogue_ask_the_database_nothing_more(client, events):
    tent = make_product("Tent")
    add(client, tent)
    pages = [tent.get_absolute_url(), "/catalogue/", "/basket/"]
    for page in pages:
        client.get(page)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            for page in pages:
                assert client.get(page).status_code == 200
            return len(captured)

    connected = queries()
    oscar_events.disconnect(events)
    alone = queries()

    assert connected == alone


def test_a_listener_that_fails_breaks_no_page_and_silences_nobody(client, events, committed, caplog):
    broken = Listener(fails=True)
    oscar_events.listeners.insert(0, broken)
    try:
        with committed():
            add(client, make_product("Tent"))
        make_order(basket=newest_basket())
    finally:
        oscar_events.disconnect(broken)

    assert len(broken.told) == len(events.told) == 2
    assert "olena" not in caplog.text
    assert "ValueError" in caplog.text


# Merges


def test_signing_in_with_a_basket_merges_it_into_the_accounts(client, events, committed, olena):
    tent, stove, lamp = (make_product(title) for title in ("Tent", "Stove", "Lamp"))
    own = make_basket((tent, 1), (lamp, 1), owner=olena)
    add(client, tent)
    add(client, stove)
    anonymous = newest_basket()
    client.force_login(olena)

    with committed():
        client.get("/basket/")

    assert events.of("merged") == [(basket_ref(anonymous), basket_ref(own))]
    assert {touch[0] for touch in events.of("touched")} == {basket_ref(own)}
    assert own.lines.count() == 3


def test_a_basket_whose_every_product_is_there_already_is_followed_too(client, events, committed, olena):
    tent = make_product("Tent")
    own = make_basket((tent, 1), owner=olena)
    add(client, tent)
    anonymous = newest_basket()
    client.force_login(olena)

    with committed():
        client.get("/basket/")

    assert not anonymous.lines.exists()
    assert events.of("merged") == [(basket_ref(anonymous), basket_ref(own))]


def test_signing_in_without_a_basket_of_ones_own_follows_the_lines_into_the_new_one(client, events, committed, olena):
    add(client, make_product("Tent"))
    anonymous = newest_basket()
    client.force_login(olena)

    with committed():
        client.get("/basket/")

    own = get_model("basket", "Basket").objects.get(owner=olena)
    assert events.of("merged") == [(basket_ref(anonymous), basket_ref(own))]
    assert events.of("touched")[-1][2].email == "olena@example.test"


def test_an_accounts_several_baskets_become_one(client, events, committed, olena):
    first, second = make_basket((make_product("Tent"), 1), owner=olena), make_basket(owner=olena)
    with_strategy(second).add_product(make_product("Stove"))
    client.force_login(olena)

    with committed():
        client.get("/basket/")

    ((old, new),) = events.of("merged")
    assert {old, new} == {basket_ref(first), basket_ref(second)}


@pytest.mark.django_db(transaction=True)
def test_a_merge_is_followed_without_a_transaction(events):
    old, new = make_basket((make_product("Tent"), 1)), make_basket()

    new.merge(old)

    assert events.of("merged") == [(basket_ref(old), basket_ref(new))]
    assert basket_ref(new) in [touch[0] for touch in events.of("touched")]


# Checkout


def test_a_guests_address_is_seen_where_the_checkout_begins(client, events, committed):
    add(client, make_product("Tent"))

    with committed():
        response = client.post("/checkout/", {"username": "guest@example.test", "options": "anonymous"})

    assert response.status_code == 302
    assert events.of("contact") == [(basket_ref(newest_basket()), "guest@example.test")]


def test_a_payment_that_begins_and_one_that_fails_are_told(events, committed):
    basket = make_basket((make_product("Tent"), 1))
    row = type(basket).objects.get(pk=basket.pk)

    with committed():
        row.freeze()
    with committed():
        row.save()
    with committed():
        type(basket).objects.get(pk=basket.pk).thaw()

    assert [said[0] for said in events.told if said[0] != "touched"] == ["paying", "failed"]


# Orders


def test_an_order_of_the_dashboard_or_an_api_is_told_once_inside_its_transaction(events, olena):
    basket = with_strategy(make_basket((make_product("Tent"), 2), owner=olena))
    inside = []
    events.order_placed = lambda order: inside.append((order, len(connection.savepoint_ids)))
    depth = len(connection.savepoint_ids)

    order = place_order(basket, user=olena)

    ((placed, deeper),) = inside
    assert deeper >= depth + 2, "inside the transaction of the order, and in a savepoint"
    assert (placed.number, placed.basket) == (str(order.number), basket_ref(basket))
    assert (placed.person.user_id, placed.total) == (str(olena.pk), Money(order.total_incl_tax, "EUR"))
    assert abs(placed.placed_at - timezone.now()) < timedelta(minutes=1)


def test_an_order_of_a_guest_is_told_with_the_address(events):
    place_order(with_strategy(make_basket((make_product("Tent"), 1))), email="Guest@example.test")

    (placed,) = events.of("placed")
    assert placed.person == Person(email="guest@example.test")


def test_telling_of_an_order_costs_a_savepoint_and_nothing_else(events):
    def place():
        basket = with_strategy(make_basket((make_product("Tent"), 1)))
        with CaptureQueriesContext(connection) as captured:
            place_order(basket, email="guest@example.test")
            return sorted(query["sql"].split()[0] for query in captured)

    place()  # fills the cache of sites
    told = place()
    oscar_events.disconnect(events)
    alone = place()

    assert [told.count(word) - alone.count(word) for word in ("SELECT", "UPDATE", "INSERT")] == [0, 0, 0]
    assert len(told) - len(alone) == 2


def test_an_error_of_the_database_in_a_listener_spoils_no_order(events):
    def fail(order):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense FROM nowhere")

    events.order_placed = fail

    order = place_order(with_strategy(make_basket((make_product("Tent"), 1))))

    assert get_model("order", "Order").objects.filter(pk=order.pk).exists()
