"""What a store may be able to do beside answering questions. An adapter inherits those that its shop allows.

    class MyStore(Store, FindsIdle, Restores): ...

Whoever needs one asks :func:`shopchat.stores.reading.able` for it and does without where it is missing: the desk hides
what the shop cannot do. All methods may raise; callers keep that from the page.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.http import HttpRequest

from shopchat.stores.base import BasketRef, LineView, OrderView, Person, ProductCard, ProductRef
from shopchat.stores.lines import (
    IdleBasket,
    LineResult,
    Restoration,
    RestoreMode,
    SnapshotLine,
    Voucher,
    VoucherPolicy,
    VoucherState,
)
from shopchat.stores.moving import StoreEvents


class TellsEvents(ABC):
    """Tells what happens to baskets while it happens."""

    @abstractmethod
    def connect(self, events: StoreEvents) -> None:
        """Called once, when the process starts. Connecting the same ``events`` again changes nothing."""


class FindsIdle(ABC):
    """Finds baskets that nobody has touched lately, and orders placed lately."""

    @abstractmethod
    def find_idle(
        self, *, since: datetime, until: datetime, after: tuple[datetime, BasketRef] | None = None, limit: int = 500
    ) -> Sequence[IdleBasket]:
        """Baskets whose last activity lies in ``[since, until]``, with at least one line, open or in payment, without an
        order, not of staff, in the order of ``(last_activity, ref)``; of these, those after ``after``.

        One query, which reads by an index and does not slow down with the number of all baskets. A basket comes again
        when it was touched again.
        """

    @abstractmethod
    def orders_since(
        self, since: datetime, *, after: tuple[datetime, str] | None = None, limit: int = 500
    ) -> Sequence[OrderView]:
        """Orders placed at ``since`` or later, whoever placed them and wherever, in the order of
        ``(placed_at, number)``; of these, those after ``after``. The number of queries does not depend on their number.
        """


class FindsPayments(ABC):
    """Knows what a customer without an account began to pay for, although it is no longer the basket in their hands."""

    @abstractmethod
    def baskets_at_hand(self, request: HttpRequest) -> Sequence[BasketRef]:
        """What :meth:`~shopchat.stores.base.Store.current_basket` answers and, for somebody who is not signed in, the
        basket of nobody that this browser began to pay for, as long as it is in payment: the former first.

        At most one query, beside those by which the request's session is read. Changes nothing, and like
        ``current_basket`` it touches neither ``request.basket`` nor the session of a request without a session cookie.
        """


class FindsOrders(ABC):
    """Knows orders by their number."""

    @abstractmethod
    def orders_by_number(self, numbers: Sequence[str]) -> Mapping[str, OrderView]:
        """The orders with these numbers; others are left out."""


class PricesLines(ABC):
    """Knows what lines of an earlier basket cost now and whether they can be bought."""

    @abstractmethod
    def lines_now(
        self, lines: Sequence[SnapshotLine], *, request: HttpRequest | None = None, images: bool = False
    ) -> Sequence[LineView]:
        """One :class:`LineView` for each line, in their order, with ``unit_price_when_added`` from the snapshot. What is
        gone is not purchasable and has no ``url``. ``request``: the customer's own, for prices as this customer sees
        them. The number of queries does not depend on the number of lines."""


class Restores(PricesLines):
    """Puts lines back into the basket of whoever asks."""

    @abstractmethod
    def restore(self, request: HttpRequest, lines: Sequence[SnapshotLine], *, mode: RestoreMode) -> Restoration:
        """Copy ``lines`` into the customer's own open basket, which is made where there is none. Never touches the basket
        they came from, never one in payment.

        ``ADD``: of each line as many as are not in the basket yet, so that doing it twice adds nothing. ``REPLACE``: the
        basket is emptied first. Quantities are cut to what can be bought; each line has its result. The only place, with
        :class:`ChangesLines`, where a store may touch ``request.basket``.
        """


class ChangesLines(ABC):
    """Changes the basket of whoever asks, with the rights of whoever asks."""

    @abstractmethod
    def put_in_basket(
        self, request: HttpRequest, product: ProductRef, *, quantity: int = 1, options: Mapping[str, str] | None = None
    ) -> LineResult:
        """So many more of a product than the customer's basket holds; the basket is made where there is none."""

    @abstractmethod
    def set_quantity(self, request: HttpRequest, line: str, quantity: int) -> LineResult:
        """Change the line with this ``LineView.key`` of the customer's basket; 0 removes it."""


class Recommends(ABC):
    """Knows what goes with a product."""

    @abstractmethod
    def related_products(
        self,
        products: Sequence[ProductRef],
        *,
        request: HttpRequest | None = None,
        limit: int = 8,
        images: bool = False,
    ) -> Sequence[ProductCard]:
        """Products on sale that the shop recommends beside these, without these."""


class IssuesVouchers(ABC):
    """Makes vouchers in the shop's own way."""

    @abstractmethod
    def issue_voucher(self, policy: VoucherPolicy, person: Person) -> Voucher:
        """A new voucher for one use by one person, usable from now on until it expires.

        With an account in ``person`` it should be good for that account alone: then it says so by ``for_account``.
        """

    @abstractmethod
    def voucher_states(self, codes: Sequence[str]) -> Mapping[str, VoucherState]:
        """What has become of vouchers that :meth:`issue_voucher` made; one for each code."""

    @abstractmethod
    def withdraw_vouchers(self, codes: Sequence[str]) -> int:
        """Remove those that were never used. Returns how many there were.

        Those of a payment that is under way may stay for now: whoever asks looks at their states, and asks again.
        """

    @abstractmethod
    def apply_voucher(self, request: HttpRequest, code: str) -> bool:
        """Put it on the customer's basket. Whether it gives a discount there."""

    def disown_vouchers(self) -> None:  # noqa: B027 most shops have nothing to do
        """Have the shop keep what it must of them without asking this app for anything: it is about to be removed."""


class NotSigned(Exception):
    """What came is not signed by the shop."""


class IsCalled(TellsEvents):
    """Is told by its shop over HTTP, because that runs elsewhere: see :mod:`shopchat.webhooks.store`."""

    @abstractmethod
    def receive(
        self, headers: Mapping[str, str], body: bytes, *, known_until: Callable[[BasketRef], datetime | None]
    ) -> None:
        """Tell those who are connected what ``body`` says. Twice the same, or an earlier state after a later one, is told
        no more: ``known_until`` answers up to when what became of a basket is known here already, ``None`` for new ones.

        ``body`` is exactly what was received. Raises :class:`NotSigned` if it is not the shop's, and anything else when it
        should be sent once more.
        """
