"""A Saleor in memory, behind its published schema: what a question may ask and what shape the answer has is not ours."""

import base64
import itertools
import json
import uuid
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from unittest.mock import patch

from django.utils import timezone
from graphql import build_schema, graphql_sync

from shopchat.core.http import Answer, NoAnswer

PAYLOADS = Path(__file__).parent / "payloads" / "saleor"
URL = "https://saleor.example.test/graphql/"


@cache
def schema():
    return build_schema(PAYLOADS.joinpath("schema.graphql").read_text())


def recorded():
    """Signature and body of each request, in the order in which Saleor sent them."""
    rows = [json.loads(line) for line in PAYLOADS.joinpath("events.jsonl").read_text().splitlines()]
    return [(row["signature"], row["body"].encode()) for row in rows]


def global_id(kind, value=None):
    return base64.b64encode(f"{kind}:{value or uuid.uuid4()}".encode()).decode()


class SaleorShop:
    """Rows as the API answers them, and how often it was asked."""

    def __init__(self):
        self.users, self.checkouts, self.orders, self.products = {}, {}, [], []
        self.numbers = itertools.count(21)
        self.questions, self.keys, self.is_down = 0, json.loads(PAYLOADS.joinpath("jwks.json").read_text()), False
        self.looks_at_keys = 0

    @contextmanager
    def answering(self):
        """Inside, everything that is sent over HTTP comes here."""
        with patch("shopchat.core.http.send", self.send):
            yield self

    def send(self, method, url, *, json=None, headers=None, is_private=False):
        assert url.startswith("https://saleor.example.test/"), "only the address of the settings is spoken to"
        if self.is_down:
            raise NoAnswer("no_connection")
        if method == "GET":
            self.looks_at_keys += 1
            return self._answer(self.keys)
        assert headers == {"Authorization": "Bearer token"}
        self.questions += 1
        result = graphql_sync(schema(), json["query"], self.root(), variable_values=json["variables"])
        return self._answer(result.formatted, 400 if result.errors else 200)

    def add_user(self, email):
        row = {"id": global_id("User", len(self.users) + 1), "email": email}
        self.users[row["id"]] = row
        return row["id"]

    def add_product(self, title, *, stock, public):
        product = {
            "id": global_id("Product"),
            "name": title,
            "slug": f"p{len(self.products)}",
            "isAvailable": stock > 0,
            "thumbnail": {"url": "https://saleor.example.test/thumbnail/1/"},
            "pricing": {"priceRange": {"start": {"gross": self.money(19.9)}}},
        }
        self.products.append((product, stock, public))
        return product

    def add_checkout(self, *lines, user_id=None, is_paid=False):
        now = timezone.now().isoformat()
        row = {
            "id": global_id("Checkout"),
            "created": now,
            "updatedAt": now,
            "user": self.users.get(user_id),
            "languageCode": "EN",
            "channel": {"slug": "default-channel", "currencyCode": "EUR"},
            "chargeStatus": "FULL" if is_paid else "NONE",
            "authorizeStatus": "NONE",
            "totalPrice": {"gross": self.money(1)},
            "lines": [self._line(*line) for line in lines],
        }
        self.checkouts[row["id"]] = row
        return row

    def add_order(self, *, user_id, email, placed_at, checkout_id, lines):
        row = {
            "id": global_id("Order"),
            "number": str(next(self.numbers)),
            "created": (placed_at or timezone.now()).isoformat(),
            "status": "UNFULFILLED",
            "checkoutId": checkout_id,
            "userEmail": email or (self.users[user_id]["email"] if user_id else ""),
            "user": self.users.get(user_id),
            "total": {"gross": self.money(5)},
            "lines": [{"productName": name, "variantName": name, "quantity": count} for name, count in lines],
        }
        self.orders.append(row)
        return row

    def root(self):
        return {"checkout": self._checkout, "orders": self._orders, "products": self._products}

    def _checkout(self, _info, id):  # noqa: A002
        return self.checkouts.get(id)

    def _orders(self, _info, where, first, sortBy):  # noqa: N803
        assert sortBy["field"] == "CREATED_AT"
        found = sorted(self._where(where), key=lambda row: row["created"], reverse=sortBy["direction"] == "DESC")
        assert first <= 100, "Saleor answers no more rows"
        return {"edges": [{"node": row} for row in found[:first]]}

    def _products(self, _info, search, first, channel=None):
        words = search.casefold().split()
        found = [
            product
            for product, _stock, public in self.products
            if public and words and all(word in product["name"].casefold() for word in words)
        ]
        return {"edges": [{"node": row} for row in found[:first]]}

    def _where(self, where):
        """As ``where_filter_qs`` of Saleor does it."""
        assert not {"AND", "OR"} & set(where) or len(where) == 1, "Cannot mix operators with other filter inputs."
        if "AND" in where:
            parts = [self._where(part) for part in where["AND"]]
            return [row for row in self.orders if all(row in part for part in parts)]
        if "OR" in where:
            parts = [self._where(part) for part in where["OR"]]
            return [row for row in self.orders if any(row in part for part in parts)]
        return [row for row in self.orders if all(_matches(row, *one) for one in where.items())]

    def _line(self, product, count):
        _product, stock, public = next(one for one in self.products if one[0] is product)
        problems = []
        if not public:
            problems = [{"__typename": "CheckoutLineProblemVariantNotAvailable"}]
        elif count > stock:
            problems = [{"__typename": "CheckoutLineProblemInsufficientStock", "availableQuantity": stock}]
        variant = global_id("ProductVariant")
        return {
            "id": global_id("CheckoutLine"),
            "quantity": count,
            "unitPrice": {"gross": self.money(19.9)},
            "variant": {"id": variant, "sku": None, "name": variant, "product": product},
            "problems": problems,
        }

    def money(self, amount):
        return {"amount": amount, "currency": "EUR"}

    def _answer(self, value, status=200):
        return Answer(status, json.dumps(value).encode())


def _matches(row, name, condition):
    value = {
        "checkoutId": lambda: row["checkoutId"],
        "number": lambda: int(row["number"]),
        "userEmail": lambda: row["userEmail"],
        "user": lambda: (row["user"] or {}).get("id"),
        "createdAt": lambda: row["created"],
    }[name]()
    if "oneOf" in condition:
        return value in condition["oneOf"]
    return value >= condition["gte"]
