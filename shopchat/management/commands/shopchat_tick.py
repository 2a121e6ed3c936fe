from typing import Any

from django.core.management.base import BaseCommand

from shopchat.periodic import tick


class Command(BaseCommand):
    help = "Does the periodic work once. For cron, each minute, where no django-q2 worker runs."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in tick().items():
            self.stdout.write(f"{name}: {count}")
