"""A voucher that is made for one account, typed in on Oscar's own pages."""

import copy
import pickle
from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings as project
from django.contrib.auth.models import User
from django.utils import timezone

from shopchat.core.money import Money
from shopchat.stores.base import Person
from shopchat.stores.lines import VoucherPolicy, VoucherState

if "oscar.apps.basket.apps.BasketConfig" not in project.INSTALLED_APPS:
    pytest.skip("the store is left out", allow_module_level=True)

from oscar.core.loading import get_model

from shopchat.stores.oscar import OscarStore
from shopchat.stores.oscar_owners import is_for, new_code
from tests.stores.oscar_shop import make_basket, make_product, place_order, request_of, with_strategy

pytestmark = pytest.mark.django_db
Condition, Offer = get_model("offer", "Condition"), get_model("offer", "ConditionalOffer")


@pytest.fixture
def olena():
    return User.objects.create_user("olena", "olena@example.test")


@pytest.fixture
def bohdan():
    return User.objects.create_user("bohdan", "bohdan@example.test")


@pytest.fixture
def tent():
    return make_product("Tent", price="100.00", stock=50)


def issue(user, **fields):
    policy = VoucherPolicy(**{"percent": Decimal(10), "expires_at": timezone.now() + timedelta(days=7), **fields})
    return OscarStore().issue_voucher(policy, Person(str(user.pk))).code


def fill(client, tent):
    assert client.post(f"/basket/add/{tent.pk}/", {"quantity": 1}).status_code == 302


def typed(client, code):
    """What the customer's basket costs after they have typed the code."""
    response = client.post("/basket/vouchers/add/", {"code": code}, follow=True)
    return response.context["basket"].total_incl_tax


def test_whoever_else_types_the_code_pays_the_whole_price(client, olena, bohdan, tent):
    code = issue(olena)
    client.force_login(bohdan)
    fill(client, tent)

    assert typed(client, code) == 100

    assert get_model("basket", "Basket").objects.get(owner=bohdan).vouchers.count() == 0
    assert OscarStore().voucher_states([code]) == {code: VoucherState.USABLE}


def test_its_owner_pays_less_once_signed_in_and_after_the_baskets_became_one(client, olena, tent):
    code = issue(olena)
    fill(client, tent)
    assert typed(client, code) == 100  # as a guest

    client.force_login(olena)

    assert typed(client, code.lower()) == 90
    assert client.get("/basket/").context["basket"].total_incl_tax == 90
    assert get_model("basket", "Basket").objects.get(owner=olena, status="Open").vouchers.get().code == code


def test_it_stays_when_another_basket_is_merged_into_theirs(client, olena, tent):
    code = issue(olena)
    client.force_login(olena)
    fill(client, tent)
    assert typed(client, code) == 90
    client.logout()
    fill(client, make_product("Stove", price="50.00"))

    client.force_login(olena)

    assert client.get("/basket/").context["basket"].total_incl_tax == 135


def test_the_order_of_its_owner_costs_less_and_nobody_uses_it_again(olena, tent):
    code = issue(olena)
    basket = make_basket((tent, 1), owner=olena)
    request = request_of(user=olena)
    assert OscarStore().apply_voucher(request, code)

    order = place_order(request.basket, user=olena)

    assert order.total_incl_tax == 90
    assert OscarStore().voucher_states([code]) == {code: VoucherState.USED}
    make_basket((tent, 1), owner=olena)
    assert not OscarStore().apply_voucher(request_of(user=olena), code)
    assert basket.vouchers.count() == 1


def test_a_basket_that_got_another_owner_loses_the_discount(olena, bohdan, tent):
    """As when a shop's own code puts the voucher there."""
    voucher = get_model("voucher", "Voucher").objects.get(code=issue(olena))
    basket = make_basket((tent, 1), owner=bohdan)
    basket.vouchers.add(voucher)

    assert request_of(user=bohdan).basket.total_incl_tax == 100
    basket.owner = olena
    basket.save()
    assert request_of(user=olena).basket.total_incl_tax == 90


def test_oscar_can_tell_for_which_basket_it_is(olena, bohdan, tent):
    """Without saying through which voucher it came to the offer."""
    voucher = get_model("voucher", "Voucher").objects.get(code=issue(olena))
    mine, theirs = (with_strategy(make_basket((tent, 1), owner=owner)) for owner in (olena, bohdan))

    assert [voucher.is_available_for_basket(basket)[0] for basket in (mine, theirs)] == [True, False]


def test_the_minimum_holds_for_its_owner(olena, tent):
    code = issue(olena, minimum=Money(Decimal("150.00"), "EUR"))
    make_basket((tent, 1), owner=olena)
    assert not OscarStore().apply_voucher(request_of(user=olena), code)

    make_basket((tent, 2), owner=olena)

    assert OscarStore().apply_voucher(request_of(user=olena), code)


def test_vouchers_from_the_same_amount_on_share_a_condition_that_outlives_them(olena, bohdan):
    codes = [issue(olena), issue(bohdan)]
    dear = issue(olena, minimum=Money(Decimal(50), "EUR"))
    assert Condition.objects.count() == 2

    assert OscarStore().withdraw_vouchers([*codes, dear]) == 3

    assert Condition.objects.count() == 2
    assert not Offer.objects.exists()
    assert not get_model("offer", "Benefit").objects.exists()


def test_the_code_is_good_under_a_former_key_that_django_knows(settings, olena, bohdan):
    code = issue(olena)

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"

    assert is_for(code, str(olena.pk))
    assert not is_for(code, str(bohdan.pk))
    settings.SECRET_KEY_FALLBACKS = []
    assert not is_for(code, str(olena.pk))


def test_a_code_fits_no_other_account():
    code = new_code("7")

    assert [user_id for user_id in map(str, range(1000)) if is_for(code, user_id)] == ["7"]
    assert not any(is_for(nonsense, "7") for nonsense in ("", "A", code[:-1], code + "A"))


def test_it_adds_no_model_to_oscars_app():
    """Else ``makemigrations`` would want to write one into Oscar's package."""
    assert apps.get_app_config("offer").models.keys() == {
        name.lower()
        for name in (
            *("AbsoluteDiscountBenefit", "Benefit", "Condition", "ConditionalOffer", "CountCondition"),
            *("CoverageCondition", "FixedPriceBenefit", "FixedUnitDiscountBenefit", "MultibuyDiscountBenefit"),
            *("PercentageDiscountBenefit", "Range", "RangeProduct", "RangeProductFileUpload"),
            *("ShippingAbsoluteDiscountBenefit", "ShippingBenefit", "ShippingFixedPriceBenefit"),
            *("ShippingPercentageDiscountBenefit", "ValueCondition"),
            *("Range_excluded_products", "Range_classes", "Range_included_categories", "Range_excluded_categories"),
            "ConditionalOffer_combinations",
        )
    }


def test_the_dashboard_can_name_it(client, olena):
    issue(olena)
    condition = Condition.objects.get()

    assert "only for the account" in str(condition)
    assert "only for the account" in condition.description
    for copied in (copy.copy(condition.proxy()), pickle.loads(pickle.dumps(condition.proxy()))):
        assert copied.name == condition.name
    client.force_login(User.objects.create_superuser("boss"))
    (offer,) = Offer.objects.all()
    page = client.get(f"/dashboard/offers/{offer.pk}/condition/")
    assert page.status_code == 200
    assert "only for the account" in page.content.decode()


def test_an_offer_of_the_site_with_this_condition_is_nobodys(olena, tent):
    """Staff may choose it for one of theirs."""
    issue(olena)
    everything = get_model("offer", "Range").objects.get()
    Offer.objects.create(
        name="Spring",
        benefit=get_model("offer", "Benefit").objects.create(type="Percentage", value=5, range=everything),
        condition=Condition.objects.get(),
    )
    make_basket((tent, 1), owner=olena)

    assert request_of(user=olena).basket.total_incl_tax == 100
