"""System checks: what is wrong with an installation and what to do about it. Ids are for life."""

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.urls import NoReverseMatch, reverse
from limits import parse_many

from shopchat.callbacks.models import CallbackRules
from shopchat.conf import DEFAULT_RATE_LIMITS, SINGLE_LIMITS, settings
from shopchat.core import proof_of_work
from shopchat.core.backends import load
from shopchat.core.jobs import has_queue, keeps_tasks_in_our_database, queue_options
from shopchat.live.bus.base import bus
from shopchat.live.stamps import CacheStamps, stamps
from shopchat.stores.base import Store

# django-q2 looks at all of them each time that it saves one.
SAVE_LIMIT = 1000

Configs = Sequence[AppConfig] | None


@register
def check_keys(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W001: a key of ``SHOPCHAT`` that means nothing."""
    return [
        Warning(
            f'SHOPCHAT["{key}"] is not a setting of shopchat.',
            hint=f"Known keys are {', '.join(settings.KEYS)}. Correct the spelling or remove it.",
            id="shopchat.W001",
        )
        for key in settings.unknown_keys()
    ]


@register
def check_store(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E001: the store adapter cannot be made; its own findings follow under the adapter's ids."""
    try:
        store = load(settings.STORE, Store)
    except ImproperlyConfigured as error:
        return [Error(str(error), hint='Correct SHOPCHAT["STORE"].', id="shopchat.E001")]
    return list(store.check())


@register
def check_live(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E002: the live back end cannot be made. shopchat.W002: its cache is not shared between processes."""
    try:
        backend = stamps()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint='Correct SHOPCHAT["LIVE"].', id="shopchat.E002")]
    if isinstance(backend, CacheStamps) and not backend.is_shared():
        return [
            Warning(
                f'SHOPCHAT["LIVE"] keeps stamps in the cache "{backend.alias}", which each process has for itself.',
                hint="With more than one process messages appear late. Use a shared cache (Redis, Memcached, database, "
                'files), or remove SHOPCHAT["LIVE"].',
                id="shopchat.W002",
            )
        ]
    return []


@register
def check_bus(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E012: the bus cannot be made; its own findings follow under the ids of the bus."""
    try:
        return bus().check()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint='Correct SHOPCHAT["BUS"].', id="shopchat.E012")]


@register
def check_stream(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E013: a wrong value in STREAM. shopchat.W013: hints that never reach the process with the streams."""
    wrong = [key for key, value in settings.STREAM.items() if not _suits_the_stream(key, value)]
    if wrong:
        hint = "ENABLED is True, False or None; the others are numbers above 0: HEARTBEAT at most 60, LIFETIME at most 900."
        return [Error(f'SHOPCHAT["STREAM"]["{key}"] is wrong.', hint=hint, id="shopchat.E013") for key in wrong]
    if settings.STREAM["ENABLED"] is True and settings.BUS.get("BACKEND") == "shopchat.live.bus.local.LocalBus":
        return [
            Warning(
                'SHOPCHAT["STREAM"]["ENABLED"] is True, but SHOPCHAT["BUS"] stays within one process.',
                hint="Streams that another process serves hear of news about a second late. Use another bus; or remove "
                "ENABLED, if this process serves its streams itself.",
                id="shopchat.W013",
            )
        ]
    return []


@register
def check_rate_limits(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E003: a rate limit that cannot be read. shopchat.W003: one that nothing asks for."""
    found: list[CheckMessage] = []
    for key, limit in settings.RATE_LIMITS.items():
        if key not in DEFAULT_RATE_LIMITS:
            hint = f"Known limits are {', '.join(DEFAULT_RATE_LIMITS)}."
            found.append(Warning(f'SHOPCHAT["RATE_LIMITS"]["{key}"] limits nothing.', hint=hint, id="shopchat.W003"))
        elif not _parses(key, limit):
            several = "" if key in SINGLE_LIMITS else ', or several like "30/minute;200/day"'
            hint = f'Write it like "30/minute"{several}.'
            found.append(
                Error(f'SHOPCHAT["RATE_LIMITS"]["{key}"] = {limit!r} is not a limit.', hint=hint, id="shopchat.E003")
            )
    return found


@register
def check_base_url(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W010: nobody has said where the shop is, so that mails cannot hold links."""
    if settings.BASE_URL:
        return []
    return [
        Warning(
            "Answers by e-mail are not offered: the address of the shop is not known.",
            hint='Set WAGTAILADMIN_BASE_URL or SHOPCHAT["BASE_URL"], for example "https://shop.example.com".',
            id="shopchat.W010",
        )
    ]


@register(Tags.urls)
def check_urls(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E004: the chat's addresses are not part of the URLconf."""
    try:
        reverse("shopchat:poll")
    except NoReverseMatch:
        return [
            Error(
                "The chat's addresses are not part of the project's URLconf.",
                hint='Add path("chat/", include("shopchat_widget.urls")) to urlpatterns, before any catch-all such as '
                "Wagtail's.",
                id="shopchat.E004",
            )
        ]
    return []


@register
def check_apps(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.E005: an app that the desk or the widget is made of is not installed."""
    needed = {
        "wagtail.admin": "the desk",
        "wagtail.snippets": "editing the widget's look",
        "django_htmx": "the widget and the desk (it brings htmx's files)",
    }
    return [
        Error(
            f"{name} is not in INSTALLED_APPS; {purpose} needs it.",
            hint=f'Add "{name}" to INSTALLED_APPS.',
            id="shopchat.E005",
        )
        for name, purpose in needed.items()
        if not apps.is_installed(name)
    ]


@register(Tags.database)
def check_sqlite(app_configs: Configs, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W004: SQLite whose transactions may fail instead of waiting for each other."""
    if not databases or "default" not in databases or connection.vendor != "sqlite":
        return []
    options = django_settings.DATABASES["default"].get("OPTIONS", {})
    if options.get("transaction_mode") == "IMMEDIATE" or not django_settings.DATABASES["default"].get(
        "ATOMIC_REQUESTS"
    ):
        return []
    return [
        Warning(
            "SQLite with ATOMIC_REQUESTS may answer “database is locked” when two people write at once.",
            hint='Set DATABASES["default"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE".',
            id="shopchat.W004",
        )
    ]


@register
def check_queue(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W005: django-q2 would run a long job a second time while it is still running."""
    options = queue_options()
    timeout, retry = options.get("timeout"), options.get("retry", 60)
    if not has_queue() or (timeout and timeout < retry):
        return []
    return [
        Warning(
            "Q_CLUSTER lets a job run twice at the same time.",
            hint='Set Q_CLUSTER["timeout"] and a longer Q_CLUSTER["retry"], for example 60 and 120 seconds.',
            id="shopchat.W005",
        )
    ]


@register
def check_queue_habits(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W020 to W023: what django-q2 does by default and a shop would not want."""
    if not has_queue():
        return []
    options = queue_options()
    habits = [
        (
            not options.get("max_attempts") and not options.get("ack_failures"),
            "A job that fails is repeated for ever.",
            'Set Q_CLUSTER["max_attempts"], for example 3.',
            "shopchat.W020",
        ),
        (
            options.get("catch_up", True),
            "After a pause the worker runs every schedule once for each time that was missed.",
            'Set Q_CLUSTER["catch_up"] = False. One run of shopchat does all that is due.',
            "shopchat.W021",
        ),
        (
            options.get("save_limit", 250) == 0 or options.get("save_limit", 250) > SAVE_LIMIT,
            "The worker keeps so many results that saving each takes longer and longer.",
            f'Set Q_CLUSTER["save_limit"] to at most {SAVE_LIMIT}.',
            "shopchat.W022",
        ),
        (
            not keeps_tasks_in_our_database() and not options.get("sync"),
            "A task is lost when the worker that took it is killed, or the process that asked for it right after commit.",
            'Set Q_CLUSTER["orm"] = "default", or silence this check: what was lost leaves with the next periodic run.',
            "shopchat.W023",
        ),
    ]
    return [Warning(says, hint=hint, id=check_id) for wrong, says, hint, check_id in habits if wrong]


@register
def check_admin_address(app_configs: Configs, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W024: mail to operators cannot link to the desk."""
    if getattr(django_settings, "WAGTAILADMIN_BASE_URL", ""):
        return []
    return [
        Warning(
            "WAGTAILADMIN_BASE_URL is not set; mail to operators carries no link to the conversation.",
            hint='Set it to where the admin is, for example "https://shop.example.com".',
            id="shopchat.W024",
        )
    ]


@register(Tags.database)
def check_captcha(app_configs: Configs, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """shopchat.W030: calls can be asked for, and no program that does so is ever asked for a proof of work."""
    if not databases or "default" not in databases or proof_of_work.is_available():
        return []
    try:
        offered = CallbackRules.objects.filter(is_active=True).exists()
    except DatabaseError:  # no tables yet
        return []
    if not offered:
        return []
    return [
        Warning(
            "Calls can be asked for without any CAPTCHA: the altcha library is not installed.",
            hint='Install shopchat with its extra "captcha". Until then the limits in SHOPCHAT["RATE_LIMITS"] are all that '
            "stops a program.",
            id="shopchat.W030",
        )
    ]


ALL: tuple[Callable[..., list[CheckMessage]], ...] = (
    check_keys,
    check_store,
    check_live,
    check_bus,
    check_stream,
    check_rate_limits,
    check_base_url,
    check_urls,
    check_apps,
    check_sqlite,
    check_queue,
    check_queue_habits,
    check_admin_address,
    check_captcha,
)


def _parses(key: str, limit: Any) -> bool:
    try:
        several = parse_many(limit)
    except (ValueError, TypeError, AttributeError):
        return False
    return len(several) == 1 or key not in SINGLE_LIMITS


def _suits_the_stream(key: str, value: Any) -> bool:
    if key == "ENABLED":
        return value is None or isinstance(value, bool)
    if key in {"MAX", "PER_ADDRESS"}:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    limits = {"HEARTBEAT": 60, "LIFETIME": 900}
    return key in limits and isinstance(value, int | float) and 0 < value <= limits[key]
