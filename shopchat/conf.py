"""The ``SHOPCHAT`` setting: everything a developer can set, read nowhere else.

Each property of :class:`ShopchatSettings` is one key of the ``SHOPCHAT`` dict in Django's settings. What the shop's staff
change (texts, colours, hours) is not here: it lives in models and is edited in the Wagtail admin.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

DEFAULT_RATE_LIMITS: Mapping[str, str] = {
    "visitor_messages": "30/minute",
    "conversation_starts": "60/hour",
    "operator_messages": "120/minute",
    "answer_addresses": "5/hour",
    "address_sources": "20/hour",
    "confirmation_mails": "1/day",
    "callback_requests": "5/hour;10/day",
    "callback_sources": "20/hour;40/day",
    "callback_numbers": "3/day",
    "callback_moves": "10/hour",
    "callback_captcha_after": "2/hour",
    "basket_link_guesses": "20/hour",
}
DEFAULT_QUIET_PATHS = ("/checkout/",)
# Counted in the outbox, which looks back over one span of time.
SINGLE_LIMITS = frozenset({"confirmation_mails"})


DEFAULT_STREAM: Mapping[str, Any] = {
    "ENABLED": None,
    "MAX": 20_000,
    "PER_ADDRESS": 40,
    "HEARTBEAT": 15,
    "LIFETIME": 600,
}


class ShopchatSettings:
    """Reads ``settings.SHOPCHAT`` on every access, so that ``override_settings`` works."""

    KEYS = (
        "STORE",
        "LIVE",
        "BUS",
        "STREAM",
        "RATE_LIMITS",
        "VISITOR_COOKIE",
        "TRUSTED_PROXIES",
        "BASE_URL",
        "QUIET_PATHS",
    )

    @property
    def STORE(self) -> Mapping[str, Any]:
        """The shop behind the chat: ``{"BACKEND": "dotted.path.of.a.Store", "OPTIONS": {...}}``.

        Default: no store; the desk then shows no baskets and no orders.
        """
        return self._mapping("STORE", {"BACKEND": "shopchat.stores.base.NoStore"})

    @property
    def LIVE(self) -> Mapping[str, Any]:
        """Where stamps of topics are kept: ``{"BACKEND": "dotted.path.of.Stamps", "OPTIONS": {...}}``.

        Default: the ``default`` cache where processes share it (Redis, Memcached, database, files), else primary-key
        queries, which are right with any cache and any number of processes.
        """
        return self._mapping("LIVE", {})

    @property
    def BUS(self) -> Mapping[str, Any]:
        """What wakes the processes that hold streams: ``{"BACKEND": "dotted.path.of.a.Bus", "OPTIONS": {...}}``.

        Default: the database itself, which needs nothing else. ``shopchat.live.bus`` also has Redis, PostgreSQL's
        notifications, and one for a single process.
        """
        return self._mapping("BUS", {"BACKEND": "shopchat.live.bus.database.DatabaseBus"})

    @property
    def RATE_LIMITS(self) -> Mapping[str, str]:
        """How often somebody may do something, as ``"<count>/<second|minute|hour|day>"`` strings of the limits library,
        several joined by ``;``.

        Keys: ``visitor_messages`` (per visitor, default ``"30/minute"``), ``conversation_starts`` (per account or, without
        one, per network address, default ``"60/hour"``), ``operator_messages`` (per operator, default ``"120/minute"``),
        ``answer_addresses`` (e-mail addresses left by one customer, default ``"5/hour"``), ``address_sources``
        (the same per account or, without one, per network address, default ``"20/hour"``), ``confirmation_mails`` (mails
        that ask one mailbox whether it is theirs, whoever left it, a single limit, default ``"1/day"``), ``callback_requests`` (calls that
        one customer asks for, default ``"5/hour;10/day"``), ``callback_sources`` (the same per account or, without one,
        per network address, default ``"20/hour;40/day"``), ``callback_numbers`` (new requests for one phone number, whoever makes
        them, default ``"3/day"``), ``callback_moves`` (changes of one request by whoever made it or holds its link,
        default ``"10/hour"``), ``callback_captcha_after`` (calls asked for from one account or network address before
        the browser has to do a proof of work, with the extra ``captcha``, default ``"2/hour"``), ``basket_link_guesses``
        (links to baskets that are none, opened from one network address, which then opens no link for a while, default
        ``"20/hour"``). Keys left out keep their default.
        """
        return {**DEFAULT_RATE_LIMITS, **self._mapping("RATE_LIMITS", {})}

    @property
    def VISITOR_COOKIE(self) -> Mapping[str, Any]:
        """The cookie of a visitor who has written: ``{"NAME": str, "AGE": int seconds}``.

        Default: ``{"NAME": "shopchat_visitor", "AGE": 31536000}`` (a year). It is limited to the chat's own address,
        unreadable to scripts, and set with the first message, never before.
        """
        return {"NAME": "shopchat_visitor", "AGE": 365 * 24 * 3600, **self._mapping("VISITOR_COOKIE", {})}

    @property
    def TRUSTED_PROXIES(self) -> int:
        """How many reverse proxies of your own stand in front and append to ``X-Forwarded-For``. Default: 0.

        With 0 the header is ignored and the address of the connection counts. Used for rate limits and for the
        streams of one address.
        """
        value = self._all().get("TRUSTED_PROXIES", 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ImproperlyConfigured('SHOPCHAT["TRUSTED_PROXIES"] must be a whole number, 0 or more.')
        return value

    @property
    def STREAM(self) -> Mapping[str, Any]:
        """The stream by which browsers learn of news at once. Keys left out keep their default.

        ``ENABLED`` (default ``None``): whether pages open a stream; ``None`` where this process serves one itself.
        ``MAX`` (20000) and ``PER_ADDRESS`` (40): how many a process keeps open, in all and for one network address.
        ``HEARTBEAT`` (15) and ``LIFETIME`` (600): seconds between signs of life, and until a stream is renewed.
        """
        return {**DEFAULT_STREAM, **self._mapping("STREAM", {})}

    @property
    def BASE_URL(self) -> str:
        """Where the shop is, for links in e-mails: ``"https://shop.example.com"``, without a path.

        Default: ``WAGTAILADMIN_BASE_URL``. Never taken from a request, whose ``Host`` anybody can write. Empty where neither
        names a host; the chat then offers no answers by e-mail.
        """
        value = self._all().get("BASE_URL", getattr(django_settings, "WAGTAILADMIN_BASE_URL", None))
        parts = urlsplit(str(value or ""))
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""

    @property
    def QUIET_PATHS(self) -> Sequence[str]:
        """On which of the shop's pages nothing is offered by itself: a list of parts of their paths.

        Default: ``["/checkout/"]``, which finds ``/checkout/`` and ``/en-gb/checkout/payment/``.
        """
        value = self._all().get("QUIET_PATHS", DEFAULT_QUIET_PATHS)
        if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and part for part in value):
            raise ImproperlyConfigured(
                'SHOPCHAT["QUIET_PATHS"] must be a list of parts of paths, such as "/checkout/".'
            )
        return value

    def unknown_keys(self) -> list[str]:
        """Keys of ``SHOPCHAT`` that mean nothing, most likely misspelt."""
        return sorted(str(key) for key in self._all() if key not in self.KEYS)

    def _all(self) -> Mapping[str, Any]:
        value = getattr(django_settings, "SHOPCHAT", {})
        if not isinstance(value, Mapping):
            raise ImproperlyConfigured("The SHOPCHAT setting must be a dict.")
        return value

    def _mapping(self, key: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
        value = self._all().get(key, default)
        if not isinstance(value, Mapping):
            raise ImproperlyConfigured(f'SHOPCHAT["{key}"] must be a dict.')
        return value


settings = ShopchatSettings()
