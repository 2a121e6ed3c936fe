from datetime import timedelta
from typing import Any

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Makes time pass faster where a run could not wait: what a shop counts in minutes takes as many seconds."""

    name = "tests.faults.site"
    label = "faults_site"

    def ready(self) -> None:
        from shopchat.conversations import alerts, claiming

        alerts.timedelta = _quick
        claiming.LEASE = timedelta(seconds=5)
        claiming.FIRST_PAUSE = timedelta(seconds=1)


def _quick(minutes: float = 0, **others: Any) -> timedelta:
    return timedelta(seconds=minutes, **others)
