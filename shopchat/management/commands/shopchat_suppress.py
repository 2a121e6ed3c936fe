import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from shopchat.carts import mail_events

REASONS = {
    "bounced": mail_events.bounced,
    "complained": mail_events.complained,
    "unsubscribed": mail_events.unsubscribed,
}


class Command(BaseCommand):
    help = "Notes e-mail addresses that get nothing unasked any more, as a mail service or returned mail has told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("addresses", nargs="*", metavar="ADDRESS", help="Without any: one a line from the input.")
        parser.add_argument("--reason", choices=REASONS, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        addresses = [line.strip() for line in options["addresses"] or sys.stdin if line.strip()]
        for number, address in enumerate(addresses, 1):
            _check(address, number)
        for address in addresses:
            REASONS[options["reason"]](address)
        self.stdout.write(f"addresses noted: {len(addresses)}")


def _check(address: str, number: int) -> None:
    """What was typed is not repeated: the terminal may be recorded."""
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(f"No. {number} is not an e-mail address; nothing was noted.") from None
