import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from shopchat.management.commands._person import PersonCommand
from shopchat.privacy.exporting import export


class Command(PersonCommand):
    help = "Writes everything that is stored about one person as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--output", metavar="FILE", help="A new file that its owner alone may read.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = json.dumps(export(self.person(options)), ensure_ascii=False, indent=2)
        if not options["output"]:
            self.stdout.write(text)
            return
        try:
            _write(options["output"], text)
        except OSError as error:
            raise CommandError(f"The file could not be written: {error.strerror}. Nothing was overwritten.") from error
        self.stdout.write("Written.")


def _write(path: str, text: str) -> None:
    """Never over an older file, and never, not for a moment, for others to read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
