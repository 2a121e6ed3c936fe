"""What every test may rely on, and an honest account of what this machine could not run."""

import os

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.utils import timezone, translation

from tests import capabilities
from tests.migrated import Baseline

# How often a browser test that failed is tried again: never, unless CI asks for it; docs/decisions/0009-second-tries.md.
SECOND_TRIES = int(os.environ.get("SHOPCHAT_SECOND_TRIES", "0"))
# The files of browser tests that take more than a minute, the longest first.
LONG_FILES = (
    "test_callbacks_customer",
    "test_offer",
    "test_callbacks_desk",
    "test_carts_desk",
    "test_live",
    "test_screens",
    "test_widget",
    "test_conversation",
    "test_callbacks",
    "test_hours_editing",
)
REQUIRED = {word for word in os.environ.get("SHOPCHAT_REQUIRE", "").split(",") if word}


# What these packages store is also tested on PostgreSQL and MariaDB.
DATABASE_FOLDERS = {
    "callbacks",
    "carts",
    "contacts",
    "conversations",
    "desk",
    "inboxes",
    "interleavings",
    "live",
    "operators",
    "privacy",
    "reports",
    "touches",
    "visitors",
    "webhooks",
    "widget",
}


def pytest_configure(config):
    if config.getoption("create_db") and not hasattr(config, "workerinput"):
        Baseline.forget()
    missing = sorted(word for word in REQUIRED if not capabilities.has(word))
    if missing:
        raise pytest.UsageError(f"SHOPCHAT_REQUIRE asks for what this machine lacks: {', '.join(missing)}")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items):
    for item in items:
        elsewhere_too = DATABASE_FOLDERS & set(item.path.relative_to(settings.BASE_DIR).parts)
        if elsewhere_too and not item.get_closest_marker("sqlite"):
            item.add_marker("database")
        if item.get_closest_marker("browser"):
            # In one process and in their order, because they share a store: a run is like the next one.
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
            if SECOND_TRIES:
                item.add_marker(pytest.mark.flaky(reruns=SECOND_TRIES))
    items.sort(key=_turn)
    if capabilities.has("browser"):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def _turn(item):
    """Long ones first, so that no worker is left with them at the end. Browsers last: Playwright keeps an event loop
    running in its process, and Django then refuses the database to every test that follows.
    """
    if item.get_closest_marker("browser"):
        return 2 + LONG_FILES.index(item.path.stem) if item.path.stem in LONG_FILES else 2 + len(LONG_FILES)
    return 0 if item.get_closest_marker("slow") else 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything is required a skipped test is a failed one."""
    report = yield
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though SHOPCHAT_REQUIRE is set: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter):
    if unsteady := terminalreporter.stats.get("rerun", []):
        terminalreporter.section("FAILED AT FIRST, AND WERE TRIED AGAIN", sep="!", yellow=True)
        for report in unsteady:
            terminalreporter.line(f"UNSTEADY {report.nodeid}")
            terminalreporter.line(report.longreprtext)
    skipped = terminalreporter.stats.get("skipped", [])
    if any("without Salesman" in str(report.longrepr) for report in skipped):
        terminalreporter.section("TESTS OF THE ADAPTER FOR SALESMAN DID NOT RUN", sep="!", yellow=True)
        terminalreporter.line("django-salesman is installed with Python 3.11 only: it wants a Django below 6.")
    if any("no Chromium" in str(report.longrepr) for report in skipped):
        terminalreporter.section("BROWSER TESTS DID NOT RUN", sep="!", yellow=True)
        terminalreporter.line("Install Debian's `chromium` or set SHOPCHAT_CHROMIUM to one.")


@pytest.fixture
def still_clock(time_machine):
    """No minute ends during the test, and with it no limit's window."""
    time_machine.move_to(timezone.now(), tick=False)


@pytest.fixture(scope="session")
def database_after_migrate():
    return Baseline()


@pytest.fixture(scope="session")
def django_db_keepdb(request):
    """The copied file is the test database; `migrate` only has to find nothing to do."""
    return connection.vendor == "sqlite" or request.config.getvalue("reuse_db")


@pytest.fixture(scope="session")
def django_db_createdb(django_db_createdb):
    """With SQLite, `--create-db` has made us forget the kept file instead; see above."""
    return django_db_createdb and connection.vendor != "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, database_after_migrate):
    database_after_migrate.prepare()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, database_after_migrate):
    with django_db_blocker.unblock():
        database_after_migrate.remember()


@pytest.fixture(autouse=True)
def _as_a_new_process():
    """Nothing of one test is left for the next. A request leaves its language and its zone active in the thread; the
    next request would choose its own, the next test may not make one.
    """
    yield
    translation.deactivate()
    timezone.deactivate()
    for alias in settings.CACHES:
        caches[alias].clear()
