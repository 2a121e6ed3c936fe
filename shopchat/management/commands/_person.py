"""What the commands about one person have in common: how the person is named."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shopchat.contacts.models import Contact
from shopchat.privacy.erasing import Stored
from shopchat.privacy.finding import WAYS, Ambiguous, find, requests_to_call

HELP = {
    "user": "The user name or e-mail address of an account.",
    "email": "An e-mail address that was confirmed.",
    "conversation": "The number of a conversation, for example 4821-7730.",
    "callback": "The number of a callback request, for example C-4821.",
}
NOBODY = "Nobody fits; nothing is stored under it, or it was erased."


class Nobody(CommandError):
    """Nobody is known who could be named like this."""


class PersonCommand(BaseCommand):
    """Finds one person, or says why not. What was typed is not repeated: the terminal may be recorded."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        named = parser.add_mutually_exclusive_group(required=True)
        for way in WAYS:
            named.add_argument(f"--{way}", help=HELP[way])
        named.add_argument("--phone", help="Lists the requests to call a number, for example +380441234567; no more.")

    def person(self, options: dict[str, Any]) -> Contact:
        if options["phone"] is not None:
            raise _only_typed(options["phone"])
        way = next(way for way in WAYS if options[way] is not None)
        try:
            contact = find(way, options[way])
        except Ambiguous as several:
            lines = "\n".join(f"  {number}" for number in several.numbers)
            raise CommandError(
                f"{len(several.numbers)} people fit; nothing was done. Name one of them:\n{lines}"
            ) from several
        if contact is None:
            raise Nobody(NOBODY)
        return contact


def _only_typed(phone: str) -> CommandError:
    numbers = requests_to_call(phone)
    if not numbers:
        return CommandError(NOBODY)
    lines = "\n".join(f"  --callback {number}" for number in numbers)
    return CommandError(
        "Anybody may have typed this number, so it names nobody; nothing was done. "
        f"Make sure which request is theirs, and name it:\n{lines}"
    )


def counts(stored: Stored) -> str:
    """How much there is, and nothing of what it is."""
    return (
        f"{stored.conversations} conversations with {stored.messages} messages, {stored.addresses} addresses, "
        f"{stored.browsers} browsers, {stored.callbacks} callback requests, {stored.baskets} baskets"
    )
