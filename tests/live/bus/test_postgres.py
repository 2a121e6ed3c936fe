"""Made only where the suite runs on PostgreSQL; what needs no server is tested everywhere."""

import json
import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from shopchat.live.moving import move
from tests.live.bus.contract import BusContract
from tests.live.bus.ears import listening
from tests.live.bus.servers import Wire

postgres = pytest.importorskip("shopchat.live.bus.postgres") if connection.vendor == "postgresql" else None
CONFIG = {"BACKEND": "shopchat.live.bus.postgres.PostgresBus"}


def rows(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def listeners():
    """The processes of the server that listen for us: for this database, as other tests run beside this one."""
    mine = "application_name = 'shopchat' AND datname = current_database()"
    return [pid for (pid,) in rows(f"SELECT pid FROM pg_stat_activity WHERE {mine}")]


if postgres:

    class TestPostgresBus(BusContract):
        config = CONFIG
        has_connections = True

        def connected(self):
            return len(listeners())

        def test_the_hint_is_part_of_the_transaction(self, carrier):
            """Nothing is published by a process that dies between the commit and what comes after it."""
            with listening(carrier) as ears:
                with transaction.atomic():
                    carrier.publish(["a"])

                assert ears.until(lambda: "a" in ears.topics())

        def test_it_costs_one_statement_however_many_topics(self, carrier, django_assert_num_queries):
            with transaction.atomic(), django_assert_num_queries(1):
                move([f"conversation.{number:032d}" for number in range(3_000)])

        def test_a_terminated_connection_is_made_anew(self, carrier):
            with listening(carrier) as ears:
                (first,) = listeners()
                rows("SELECT pg_terminate_backend(%s)", first)

                assert ears.until(lambda: ears.everywhere() >= 2), "it did not say that something was missed"
                assert listeners() != [first]
                move(["after"])
                assert ears.until(lambda: "after" in ears.topics())

        def test_a_server_that_refuses_is_waited_for(self, carrier):
            wire = Wire(int(connection.settings_dict["PORT"]), connection.settings_dict["HOST"])
            wire.refuse()
            direct = postgres.PostgresBus(DIRECT={"host": "127.0.0.1", "port": wire.port})
            try:
                with listening(direct, ready=False) as ears:
                    quiet = ears.hears_nothing(0.5)
                    wire.open()

                    assert quiet
                    assert ears.until(ears.everywhere)
                    carrier.publish(["a"])
                    assert ears.until(lambda: "a" in ears.topics())
            finally:
                wire.end()

        def test_a_server_that_falls_silent_is_noticed(self, carrier, monkeypatch):
            monkeypatch.setattr(postgres, "PULSE_SECONDS", 0.2)
            monkeypatch.setattr(postgres, "PATIENCE_SECONDS", 0.2)
            wire = Wire(int(connection.settings_dict["PORT"]), connection.settings_dict["HOST"])
            direct = postgres.PostgresBus(DIRECT={"host": "127.0.0.1", "port": wire.port})
            try:
                with listening(direct) as ears:
                    (first,) = listeners()
                    wire.fall_silent()
                    assert wire.is_tried_again()
                    wire.open()

                    assert ears.until(lambda: listeners() not in ([], [first]))
                    carrier.publish(["a"])
                    assert ears.until(lambda: "a" in ears.topics())
            finally:
                wire.end()

        def test_a_publisher_whose_connection_is_gone_does_not_raise(self, carrier, caplog):
            (pid,) = rows("SELECT pg_backend_pid()")[0]

            def terminate():
                rows("SELECT pg_terminate_backend(%s)", pid)
                connections.close_all()

            thread = threading.Thread(target=terminate)
            thread.start()
            thread.join()
            try:
                carrier.publish(["conversation.1"])
            finally:
                connection.close()

            assert "cannot be told" in caplog.text
            assert "conversation.1" not in caplog.text

        def test_a_failure_inside_a_transaction_is_not_swallowed(self, carrier):
            """PostgreSQL would answer the commit with a rollback, and a lost message would look like a stored one."""
            with transaction.atomic():
                with pytest.raises(DatabaseError):
                    rows("SELECT 1 / 0")
                with pytest.raises(DatabaseError):
                    carrier.publish(["a"])
                transaction.set_rollback(True)

        def test_it_listens_with_what_django_connects_with(self, carrier, tmp_path, monkeypatch):
            """A service file, TLS and a pool, as DATABASES has them."""
            database = connection.settings_dict
            service = ["[shop]", f"host={database['HOST']}", f"port={database['PORT']}", f"dbname={database['NAME']}"]
            file = tmp_path / "services"
            file.write_text("\n".join([*service, f"user={database['USER']}", f"password={database['PASSWORD']}"]))
            monkeypatch.setenv("PGSERVICEFILE", str(file))
            options = {"service": "shop", "sslmode": "prefer", "pool": {"min_size": 1}, "server_side_binding": True}
            other = type(connections["default"])(
                {**database, "NAME": "", "USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": options}
            )
            monkeypatch.setattr(connections, "create_connection", lambda alias: other)

            params = carrier._params()
            with listening(carrier) as ears:
                carrier.publish(["a"])

                assert ears.until(lambda: "a" in ears.topics())
            assert params["sslmode"] == "prefer"
            assert not {"pool", "context", "cursor_factory"} & set(params)

        def test_a_strangers_notification_means_everything(self, carrier):
            with listening(carrier) as ears:
                rows("SELECT pg_notify(%s, %s)", postgres.CHANNEL, "hello")
                rows("SELECT pg_notify(%s, %s)", "another", json.dumps(["theirs"]))

                assert ears.until(lambda: ears.everywhere() == 2)
                assert "theirs" not in ears.topics()

        def test_the_check_is_content(self, carrier):
            assert carrier.check() == []
else:

    def test_a_database_that_has_no_notifications_is_reported():
        postgres = pytest.importorskip("shopchat.live.bus.postgres")

        (message,) = postgres.PostgresBus().check()
        (unknown,) = postgres.PostgresBus(DATABASE="nowhere").check()

        assert message.id == unknown.id == "shopchat.E201"
        assert "is not PostgreSQL" in message.msg
        assert "nowhere" in unknown.msg
