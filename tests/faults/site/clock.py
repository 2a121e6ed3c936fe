"""Asks the worker for its periodic run each second, where a shop's schedule does it each minute."""

import contextlib
import time

import django
from django.db import Error, connection


def main() -> None:
    from shopchat.core.jobs import enqueue_later

    while True:
        time.sleep(1)
        with contextlib.suppress(Error):
            enqueue_later("shopchat.periodic.tick")
        with contextlib.suppress(Error):
            connection.close()


if __name__ == "__main__":
    django.setup()
    main()
