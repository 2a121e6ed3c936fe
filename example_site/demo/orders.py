"""Past orders and open baskets, made through Oscar itself so that stock and totals agree."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_class, get_model

from example_site.demo.people import CUSTOMER

Basket = get_model("basket", "Basket")
Country = get_model("address", "Country")
Order = get_model("order", "Order")
Product = get_model("catalogue", "Product")
ShippingAddress = get_model("order", "ShippingAddress")
Free = get_class("shipping.methods", "Free")
OrderCreator = get_class("order.utils", "OrderCreator")
OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
Selector = get_class("partner.strategy", "Selector")

COUNTRIES = (
    ("UA", "UKR", "804", "Ukraine"),
    ("DE", "DEU", "276", "Germany"),
    ("LV", "LVA", "428", "Latvia"),
    ("PL", "POL", "616", "Poland"),
)

# Number, person, days ago, status, country, lines. Oscar numbers new orders from 100001 on.
ORDERS: tuple[tuple[int, str, int, str, str, dict[str, int]], ...] = (
    (10001, CUSTOMER, 143, "Complete", "UA", {"TC-1001": 1, "TC-1202": 2}),
    (10002, "jonas@demo.test", 121, "Complete", "DE", {"TC-4001-4": 1, "TC-3201-2": 3}),
    (10003, "irina@demo.test", 96, "Complete", "LV", {"TC-3002-2": 1}),
    (10004, "taras@demo.test", 77, "Cancelled", "UA", {"TC-1004": 1}),
    (10005, "mia@demo.test", 61, "Complete", "DE", {"TC-2001": 1, "TC-2004": 1, "TC-2103": 2}),
    (10006, CUSTOMER, 38, "Complete", "UA", {"TC-3201-2": 2, "TC-7001": 1}),
    (10007, "irina@demo.test", 20, "Shipped", "LV", {"TC-1102": 1, "TC-1105": 1}),
    (10008, "guest.buyer@demo.test", 12, "Shipped", "PL", {"TC-6001": 2}),
    (10009, "jonas@demo.test", 8, "Being processed", "DE", {"TC-5002": 1}),
    (10010, CUSTOMER, 4, "Being processed", "UA", {"TC-3001-2": 1, "TC-3203": 1}),
    (10011, "taras@demo.test", 2, "Pending", "UA", {"TC-5004": 1, "TC-2104": 1}),
    (10012, "mia@demo.test", 1, "Pending", "DE", {"TC-4002-3": 1}),
)

# Left in the basket, with hours since the last change.
BASKETS: tuple[tuple[str, int, dict[str, int]], ...] = (
    (CUSTOMER, 2, {"TC-4001-3": 1, "TC-3201-2": 2}),
    ("irina@demo.test", 30, {"TC-1003": 1}),
)


def load_orders(people: dict[str, Any]) -> int:
    """Create countries, missing orders and, with the first of them, the open baskets."""
    for code, code3, numeric, name in COUNTRIES:
        Country.objects.get_or_create(
            iso_3166_1_a2=code,
            defaults={
                "iso_3166_1_a3": code3,
                "iso_3166_1_numeric": numeric,
                "printable_name": name,
                "name": name.upper(),
                "is_shipping_country": True,
            },
        )
    present = set(Order.objects.values_list("number", flat=True))
    missing = [entry for entry in ORDERS if str(entry[0]) not in present]
    for number, email, days, status, country, lines in missing:
        _place(number, email, people.get(email), days, status, country, lines)
    if missing:
        for email, hours, lines in BASKETS:
            _leave_basket(people[email], hours, lines)
    return len(missing)


def _place(number: int, email: str, person: Any, days: int, status: str, country: str, lines: dict[str, int]) -> None:
    basket = basket_of(person, lines)
    method = Free()
    charge = method.calculate(basket)
    address = ShippingAddress.objects.create(
        first_name=person.first_name if person else "Gast",
        last_name=person.last_name if person else "Nowak",
        line1=f"{number % 90 + 1} Garden Street",
        line4="Springfield",
        postcode=f"{number + 1000}",
        country_id=country,
    )
    order = OrderCreator().place_order(
        basket=basket,
        total=OrderTotalCalculator().calculate(basket, charge),
        shipping_method=method,
        shipping_charge=charge,
        user=person,
        shipping_address=address,
        order_number=str(number),
        status=status,
        date_placed=timezone.now() - timedelta(days=days),
        **({} if person else {"guest_email": email}),
    )
    order.lines.update(status=status)
    basket.submit()


def _leave_basket(person: Any, hours: int, lines: dict[str, int]) -> None:
    basket = basket_of(person, lines)
    basket.lines.update(date_updated=timezone.now() - timedelta(hours=hours))


def basket_of(person: Any, lines: dict[str, int]) -> Any:
    """A new open basket of somebody, or of nobody who is known."""
    basket = Basket.objects.create(owner=person)
    basket.strategy = Selector().strategy()
    products = Product.objects.in_bulk(list(lines), field_name="upc")
    for upc, quantity in lines.items():
        basket.add_product(products[upc], quantity=quantity)
    return basket
