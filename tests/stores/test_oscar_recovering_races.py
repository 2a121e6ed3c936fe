"""The button behind a link, pressed twice at once, on connections of their own."""

import pytest
from django.conf import settings
from django.core.signing import Signer
from django.test import Client

if not settings.WITH_OSCAR:
    pytest.skip("the suite runs without Oscar", allow_module_level=True)

from shopchat.carts import recovering
from shopchat.carts.models import BasketTransition
from shopchat.stores.oscar_rows import basket_ref
from shopchat.stores.reading import configured_store
from shopchat.stores.snapshots import snapshot
from tests.factories import BasketWatchFactory
from tests.races import at_once
from tests.stores.oscar_shop import make_basket, make_product
from tests.widget.left_baskets import press

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_presses_fill_the_basket_once_and_are_one_recovery():
    tent, stove, lamp = (make_product(title) for title in ("Tent", "Stove", "Lamp"))
    left, mine = make_basket((tent, 2), (stove, 1)), make_basket((lamp, 1))
    ref = basket_ref(left)
    lines = [line.as_json() for line in snapshot(configured_store().baskets([ref])[ref])]
    watch = BasketWatchFactory(ref=ref, store="oscar", lines=lines)
    path = f"/chat/basket/{recovering.make_link(watch, purpose='mail')}/"

    def pressed():
        browser = Client()
        browser.cookies["oscar_open_basket"] = Signer().sign(mine.pk)
        return press(browser, path).status_code

    assert at_once(pressed, pressed) == [200, 200]
    assert {line.product.title: line.quantity for line in mine.lines.all()} == {"Lamp": 1, "Tent": 2, "Stove": 1}
    assert list(BasketTransition.objects.values_list("to_state", flat=True)) == ["restored"]
