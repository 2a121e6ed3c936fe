from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from shopchat.management.commands._person import PersonCommand, counts
from shopchat.privacy.erasing import erase, stored


class Command(PersonCommand):
    help = "Erases everything that is stored about one person. Asks first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        contact = self.person(options)
        if not options["yes"]:
            self.stdout.write(f"There are {counts(stored(contact))}.")
            self._ask()
        self.stdout.write(f"Erased: {counts(erase(contact))}.")

    def _ask(self) -> None:
        try:
            answer = input("Erase this for ever? Type yes: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was erased.")
