from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from shopchat.management.commands._asking import insist_on_yes
from shopchat.management.commands._person import Nobody, PersonCommand, counts
from shopchat.privacy.erasing import Stored, erase, erase_guests, stored, stored_of_guests


class Command(PersonCommand):
    help = "Erases everything that is stored about one person. Asks first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contact = self.person(options)
        except Nobody:
            typed = options["email"] or ""
            if not (found := stored_of_guests(typed)):
                raise
            self._erase(found, lambda: erase_guests(typed), yes=options["yes"])
        else:
            self._erase(stored(contact), lambda: erase(contact), yes=options["yes"])

    def _erase(self, found: Stored, erase: Callable[[], Stored], *, yes: bool) -> None:
        if not yes:
            self.stdout.write(f"There are {counts(found)}.")
            insist_on_yes("Erase this for ever?", otherwise="Nothing was erased.")
        self.stdout.write(f"Erased: {counts(erase())}.")
