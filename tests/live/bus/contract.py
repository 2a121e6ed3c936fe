"""What every bus promises. A test class inherits it and says with ``config`` which bus it is about."""

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections, transaction

from shopchat.live.bus.base import bus
from shopchat.live.moving import end_flash, flash, move
from tests.live.bus.ears import listening

ODD = [
    "",
    " ",
    "a,b",
    "розмова.1",
    "two\nlines",
    "'; DROP TABLE hints; --",
    '"',
    "\\",
    "nul\0",
    "%s",
    "x" * 9_000,
    "💬",
]


def write():
    """Change something in the database, within whatever transaction there is."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA user_version")
        cursor.execute(f"PRAGMA user_version = {cursor.fetchone()[0] + 1}")


@contextmanager
def open_transaction(*topics):
    """Somebody else, on a connection of their own, in the middle of a transaction that moved the topics."""
    inside, may_end = threading.Event(), threading.Event()
    failed = []

    def act():
        try:
            with transaction.atomic():
                write()
                move(topics)
                inside.set()
                assert may_end.wait(60)
        except BaseException as error:
            failed.append(error)
            inside.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=act)
    thread.start()
    try:
        assert inside.wait(60)
        assert not failed, failed
        yield
    finally:
        may_end.set()
        thread.join(60)
    assert not failed, failed


@pytest.mark.usefixtures("nothing_to_empty")
@pytest.mark.django_db(transaction=True)
class BusContract:
    """Inherit, and set ``config`` or a fixture of that name."""

    config = None
    knows_nothing_of_rollbacks = False  # a bus that looks once a second whatever happens
    crosses_processes = True

    @pytest.fixture
    def carrier(self, settings, config):
        settings.SHOPCHAT = {"BUS": config}
        return bus()

    @pytest.fixture(name="config")
    def _config(self):
        return self.config

    def test_a_hint_is_heard_after_the_commit_and_not_before(self, carrier):
        with listening(carrier) as ears:
            with open_transaction("a"):
                early = not ears.hears_nothing()
                ears.forget()

            assert ears.hears("a")
            assert self.knows_nothing_of_rollbacks or not early

    def test_a_rolled_back_transaction_says_nothing(self, carrier):
        with listening(carrier) as ears:
            with transaction.atomic():
                write()
                move(["undone"])
                transaction.set_rollback(True)
            silent = ears.hears_nothing()
            ears.forget()
            with transaction.atomic():
                write()
                move(["done"])

            assert ears.hears("done")
            assert "undone" not in ears.topics()
            assert self.knows_nothing_of_rollbacks or silent

    def test_an_inner_transaction_that_is_undone_says_nothing_of_itself(self, carrier):
        if not carrier.carries:
            return
        with listening(carrier) as ears:
            with transaction.atomic():
                move(["outer"])
                with transaction.atomic():
                    move(["inner"])
                    transaction.set_rollback(True)

            assert ears.until(lambda: "outer" in ears.topics())
            assert "inner" not in ears.topics()

    def test_a_hint_of_another_process_is_heard(self, carrier, config):
        if not self.crosses_processes:
            return
        database = {
            key: connection.settings_dict[key] for key in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
        }
        given = {"DATABASES": {"default": database}, "SHOPCHAT": {"BUS": config}, "topics": ["far"]}
        with listening(carrier) as ears:
            command = [sys.executable, "-m", "tests.live.bus.elsewhere", json.dumps(given)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=django_settings.BASE_DIR)

            assert done.returncode == 0, done.stderr
            assert not carrier.carries or ears.until(lambda: "far" in ears.topics())
            assert ears.until(lambda: len(ears.heard) > 1)

    def test_whoever_listens_hears(self, carrier):
        with listening(carrier) as one, listening(carrier) as other:
            with transaction.atomic():
                write()
                move(["a"])

            assert one.hears("a")
            assert other.hears("a")

    def test_many_topics_at_once_are_heard(self, carrier):
        topics = [f"conversation.{number:032d}" for number in range(3_000)]
        with listening(carrier) as ears:
            with transaction.atomic():
                write()
                move(topics)

            assert ears.hears(*topics)
            assert not carrier.carries or set(topics) <= ears.topics()

    @pytest.mark.parametrize("topic", ODD, ids=range(len(ODD)))
    def test_a_topic_may_have_any_name(self, carrier, topic):
        with listening(carrier) as ears:
            with transaction.atomic():
                write()
                move([topic])

            assert ears.hears(topic)

    def test_typing_is_heard_without_a_transaction(self, carrier):
        if not carrier.carries:
            return
        with listening(carrier) as ears:
            flash("typing.1.visitor", seconds=5)
            began = ears.until(lambda: len(ears.heard) == 2)
            end_flash("typing.1.visitor")

            assert began
            assert ears.until(lambda: len(ears.heard) == 3)
            assert ears.topics() == {"typing.1.visitor"}

    def test_nothing_is_left_of_a_listener_that_was_cancelled(self, carrier):
        threads = set(threading.enumerate())
        assert self.comes_to_nobody()

        with listening(carrier):
            during = self.connected()

        assert not set(threading.enumerate()) - threads
        assert self.comes_to_nobody()
        assert during or not self.has_connections

    has_connections = False

    def connected(self):
        """How many connections the bus has at present, as its server counts them."""
        return 0

    def comes_to_nobody(self, within=60.0):
        """Whether no connection is left; the server needs a moment to see that somebody left."""
        until = time.monotonic() + within
        while self.connected() and time.monotonic() < until:
            time.sleep(0.02)
        return not self.connected()
