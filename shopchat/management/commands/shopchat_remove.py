from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from shopchat.carts.models import CartRules
from shopchat.carts.vouchers import give_back
from shopchat.management.commands._asking import insist_on_yes


class Command(BaseCommand):
    help = "Makes the shop ready for life without the chat: nothing of the shop's asks for it any more. Asks first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            self.stdout.write(
                "Reminders of baskets will be switched off, and vouchers that nobody has used will be removed."
            )
            insist_on_yes("Do it?", otherwise="Nothing was changed.")
        CartRules.objects.update(mails=False, onsite=CartRules.Onsite.OFF, voucher_percent=0)
        self.stdout.write(f"Vouchers removed: {give_back()}.")
        self.stdout.write(
            "The shop does not need the chat any more. What to do next: “Take the chat out again” in the guides."
        )
