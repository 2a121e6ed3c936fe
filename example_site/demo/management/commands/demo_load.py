from typing import Any

from django.core.management.base import BaseCommand

from example_site.demo.loading import load


class Command(BaseCommand):
    help = "Fill the demo store. Running it again adds only what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        load(self.stdout.write)
