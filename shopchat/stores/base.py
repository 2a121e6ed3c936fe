"""What every shop must be able to answer: :class:`Store` and the plain data that it hands out.

All ids are text. All moments are aware datetimes where Django's ``USE_TZ`` is on. All text is as
people wrote it: escape it where you show it. Addresses are paths on the same host.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import NewType

from django.conf import settings
from django.core.checks import CheckMessage
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shopchat.core.money import Money

BasketRef = NewType("BasketRef", str)
"""Names one basket for ever. Opaque: only the adapter that made it can read it. No secret."""

ProductRef = NewType("ProductRef", str)
"""Names one product. Opaque, like :data:`BasketRef`."""


class State(Enum):
    """What may still happen to a basket."""

    OPEN = "open"
    IN_PAYMENT = "in_payment"  # the payment is under way, or was left there for ever
    SAVED = "saved"  # kept for later on purpose
    ORDERED = "ordered"
    MERGED = "merged"  # its lines went over to another basket
    GONE = "gone"  # for those who remember a ref: no store returns a basket in this state


@dataclass(frozen=True)
class Person:
    """Somebody as the shop knows them: the id of their account, an e-mail address, or both.

    The contract in our design calls this an identity; the name is taken by a contact's identity in
    one inbox, which is a different thing. The address is kept in lower case and out of logs.
    A shop believes it: when you ask about somebody, give only an address that was verified.
    """

    user_id: str | None = None
    email: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_id", self.user_id or None)
        object.__setattr__(self, "email", (self.email or "").strip().casefold() or None)

    def is_same_as(self, other: "Person") -> bool:
        """Whether both name one account OR one address. Nobody is the same as somebody unknown."""
        by_account = self.user_id is not None and self.user_id == other.user_id
        by_address = self.email is not None and self.email == other.email
        return by_account or by_address


@dataclass(frozen=True, kw_only=True)
class LineView:
    """One line of a basket. ``key`` is unique and stable within its basket."""

    key: str
    product: ProductRef
    title: str
    quantity: int
    url: str | None = None  # None: no page that a customer could open
    image_url: str | None = None
    unit_price: Money | None = None  # now, before offers
    unit_price_when_added: Money | None = None
    purchasable: bool = True  # this quantity, now
    note: str = ""  # why not, or what has changed; in the active language
    options: Mapping[str, str] = field(default_factory=dict)  # the adapter's own: how to choose the same again


@dataclass(frozen=True, kw_only=True)
class BasketView:
    """A basket at one moment. ``person`` is its owner as the shop knows them."""

    ref: BasketRef
    state: State
    last_activity: datetime
    person: Person = Person()
    lines: tuple[LineView, ...] = ()
    total: Money | None = None  # before offers, vouchers and delivery; None: cannot be told
    vouchers: tuple[str, ...] = ()  # codes on the basket
    url: str | None = None  # where its owner sees it

    @property
    def quantity(self) -> int:
        """Pieces in all lines together."""
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class OrderLineView:
    """One line of an order, titled as on the day of purchase."""

    title: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class OrderView:
    """An order. ``status`` is the shop's own word for it and may be empty."""

    number: str
    placed_at: datetime
    status: str
    person: Person = Person()
    total: Money | None = None
    lines: tuple[OrderLineView, ...] = ()
    basket: BasketRef | None = None  # None: unknown, or deleted since
    url: str | None = None  # for staff
    customer_url: str | None = None  # asks the customer to sign in; None for a guest's order
    is_cancelled: bool = False  # cancelled or returned since
    vouchers: tuple[str, ...] = ()  # codes that were used
    discount: Money | None = None  # by vouchers


@dataclass(frozen=True, kw_only=True)
class ProductCard:
    """A product as a list shows it."""

    ref: ProductRef
    title: str
    url: str
    image_url: str | None = None
    price: Money | None = None  # of a product with variants: of one of them
    in_stock: bool = True


class Store(ABC):
    """One shop. Subclass it, answer its questions, name the class in ``SHOPCHAT["STORE"]``.

    A store keeps nothing but its options: it is made anew whenever somebody asks. It reads and
    never writes. It may raise; ``shopchat.stores.reading`` keeps that from the page.
    """

    key: str  # first part of its refs; one word, unique among stores, for ever

    shows_baskets = True
    shows_orders = True
    searches_products = True

    @abstractmethod
    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        """The basket in the hands of whoever sent ``request``; ``None`` if there is none yet.

        At most one query of its own. Creates nothing, never touches ``request.basket`` (in Oscar
        that costs dozens of queries), nor the session of a request without a session cookie:
        :func:`user_id_of` helps.
        """

    @abstractmethod
    def basket_of(self, person: Person) -> BasketRef | None:
        """The newest open basket of the account ``person.user_id``, found without their request.

        At most one query. An e-mail address alone finds nothing: nobody has proved it here.
        """

    @abstractmethod
    def baskets(
        self,
        refs: Sequence[BasketRef],
        *,
        request: HttpRequest | None = None,
        images: bool = False,
    ) -> Mapping[BasketRef, BasketView]:
        """The baskets that still exist, in the order of ``refs``; unknown refs are left out.

        The number of queries does not depend on the number of refs. ``request``: the customer's
        own, never an operator's; prices are then as this customer sees them, else as anybody does.
        ``images``: fill ``image_url``, which may cost queries and disk for each picture.
        """

    @abstractmethod
    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        """The orders that these baskets became. Baskets without one are left out."""

    @abstractmethod
    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        """Orders placed at ``since`` or later by that account OR that address, newest first.

        At most ``limit`` for each person; people without orders are left out. Addresses match
        without regard to case. The number of queries does not depend on the number of people.
        """

    @abstractmethod
    def search_products(
        self,
        query: str,
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        """Products on sale whose title or number contains all words of ``query``, best first."""

    def check(self) -> list[CheckMessage]:
        """System checks of this adapter. No database; hints say what to do."""
        return []


class NoStore(Store):
    """No shop at all: nothing is known and nothing is asked."""

    key = "none"
    shows_baskets = False
    shows_orders = False
    searches_products = False

    def current_basket(self, request: HttpRequest) -> BasketRef | None:
        return None

    def basket_of(self, person: Person) -> BasketRef | None:
        return None

    def baskets(
        self,
        refs: Sequence[BasketRef],
        *,
        request: HttpRequest | None = None,
        images: bool = False,
    ) -> Mapping[BasketRef, BasketView]:
        return {}

    def orders_for(self, refs: Sequence[BasketRef]) -> Mapping[BasketRef, OrderView]:
        return {}

    def recent_orders(
        self, people: Sequence[Person], *, since: datetime, limit: int = 20
    ) -> Mapping[Person, Sequence[OrderView]]:
        return {}

    def search_products(
        self,
        query: str,
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        return ()


def user_id_of(request: HttpRequest) -> str | None:
    """The account that is signed in, found without waking the session of an anonymous visitor.

    Reading the session marks it as accessed, and Django then sends ``Vary: Cookie``.
    """
    user = getattr(request, "user", None)
    untouched = isinstance(user, SimpleLazyObject)
    if untouched and settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    if user is None or not user.is_authenticated:
        return None
    return str(user.pk)
