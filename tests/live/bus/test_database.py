import sqlite3

import pytest
from django.db import connection, connections

from shopchat.conf import settings as shopchat_settings
from shopchat.live.bus import database
from shopchat.live.bus.base import bus
from shopchat.live.bus.database import DatabaseBus
from tests.live.bus.contract import BusContract
from tests.live.bus.ears import listening


class TestDatabaseBus(BusContract):
    config = {"BACKEND": "shopchat.live.bus.database.DatabaseBus"}
    knows_nothing_of_rollbacks = connection.vendor != "sqlite"

    def test_it_is_the_one_that_is_used_unless_told_otherwise(self, settings):
        settings.SHOPCHAT = {}

        assert isinstance(bus(), DatabaseBus)
        assert self.config == shopchat_settings.BUS


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A SQLite file beside the suite's own database, watched under the alias that the bus asks for."""
    path = tmp_path / "a shop & more?.sqlite3"
    watched(monkeypatch, str(path))
    return path


def watched(monkeypatch, name):
    from django.db.backends.sqlite3.base import DatabaseWrapper

    wrapper = DatabaseWrapper({"NAME": name, "OPTIONS": {}, "TIME_ZONE": None, "CONN_MAX_AGE": 0}, "default")
    monkeypatch.setattr(connections, "create_connection", lambda alias: wrapper)
    monkeypatch.setattr(DatabaseBus, "pause", 0.05)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_commit_of_any_journal_is_heard(file, mode):
    with sqlite3.connect(file, isolation_level=None) as writer:
        writer.execute(f"PRAGMA journal_mode={mode}")
        writer.execute("CREATE TABLE t (x)")
        with listening(DatabaseBus()) as ears:
            writer.execute("BEGIN EXCLUSIVE")
            writer.execute("INSERT INTO t VALUES (1)")
            early = not ears.hears_nothing(0.2)
            writer.execute("COMMIT")

            assert ears.hears("anything")
            assert not early
    writer.close()


@pytest.mark.parametrize(("lively", "interval", "soon"), [(60.0, 300, 60), (0.0, 6, 0)])
def test_while_people_write_it_looks_more_often_than_it_must(file, monkeypatch, lively, interval, soon):
    monkeypatch.setattr(database, "LIVELY_SECONDS", lively)
    with sqlite3.connect(file, isolation_level=None) as writer:
        writer.execute("CREATE TABLE t (x)")
        with listening(DatabaseBus(INTERVAL=interval)) as ears:
            assert ears.until(lambda: ears.everywhere() > 0)
            ears.forget()
            writer.execute("INSERT INTO t VALUES (1)")

            assert soon or ears.hears_nothing(1)
            assert ears.hears("anything", within=60)
    writer.close()


def test_a_file_that_is_not_there_yet_is_waited_for_and_not_made(file):
    with listening(DatabaseBus()) as ears:
        assert ears.until(lambda: ears.everywhere() > 2)
        assert not file.exists()
        with sqlite3.connect(file) as writer:
            writer.execute("CREATE TABLE t (x)")
        writer.close()
        while not ears.hears_nothing(0.2):
            pass
        ears.forget()
        with sqlite3.connect(file) as writer:
            writer.execute("INSERT INTO t VALUES (1)")
        writer.close()

        assert ears.hears("anything")


def test_what_is_no_database_is_looked_at_once_in_a_while(file):
    file.write_text("This is a letter. " * 100)

    with listening(DatabaseBus()) as ears:
        assert ears.until(lambda: ears.everywhere() > 3)


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory&cache=shared"])
def test_a_database_in_memory_is_looked_at_once_in_a_while(monkeypatch, name):
    watched(monkeypatch, name)

    with listening(DatabaseBus()) as ears:
        assert ears.until(lambda: ears.everywhere() > 3)
