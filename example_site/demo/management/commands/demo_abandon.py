import time
from argparse import ArgumentParser
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from oscar.core.loading import get_model

from example_site.demo.clock import pass_time, until
from shopchat.carts import rules, stories
from shopchat.carts.abandonment import sweep
from shopchat.carts.basis import account_address, agreed_address
from shopchat.carts.models import BasketWatch
from shopchat.carts.observing import observer
from shopchat.contacts import consents
from shopchat.contacts.agreeing import agree
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import ConsentText
from shopchat.conversations.delivery import send_due
from shopchat.stores.base import Person
from shopchat.stores.moving import Surroundings
from shopchat.stores.oscar_rows import basket_ref
from shopchat.touches.handing import hand_over_due
from shopchat.touches.models import Touch, TouchRules
from shopchat.touches.people import is_held_out
from shopchat.touches.rules import rules_of as touch_rules_of

Basket = get_model("basket", "Basket")
# Three reminders, each put off once; one that waits for an operator's answer would go on for two days.
STEPS = 6


class Command(BaseCommand):
    help = (
        "A time machine for one basket: it becomes idle, is left, and its customer is reminded, within a minute. "
        "Fill a basket in the store first; without --basket the one that was changed last is taken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--basket", type=int, metavar="ID", help="The id of the basket in Oscar.")
        parser.add_argument("--pause", type=float, default=10, metavar="SECONDS", help="Between two steps; 10.")
        parser.add_argument("--to-the-end", action="store_true", help="Go on until the basket is given up.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (Path(settings.DEMO_DIR) / "loaded").exists():
            raise CommandError("There is no demo store yet. Start it first: make demo")
        self.pause: float = options["pause"]
        self.told: Counter[str] = Counter()
        basket = _found(options["basket"])
        watch = _watched(basket)
        self.stdout.write(f"Basket {basket.pk} of {basket.owner or 'somebody who has not signed in'}, {_desk()}")
        self._make_ready(basket, watch)
        its = rules.rules_of(watch.inbox)
        self._go_on(basket, watch, "Half an hour later", rules.idle_after(its))
        self._go_on(basket, watch, "An hour after the last change", rules.left_after(its))
        for _ in range(STEPS):
            touch = Touch.objects.about(watch.ref).planned().order_by("due_at").first()
            if touch is None:
                break
            self._go_on(basket, watch, "When the next reminder is due", touch.due_at - _read(watch).last_activity)
        if options["to_the_end"]:
            self._go_on(basket, watch, "When nobody expects anything any more", rules.given_up_after(its))
        self.stdout.write(f"\nMails lie in {settings.EMAIL_FILE_PATH}")

    def _make_ready(self, basket: Any, watch: BasketWatch) -> None:
        """What keeps reminders from being sent in a shop would spoil the show: no consent, and chance."""
        if basket.owner is None:
            self.stdout.write("Nobody can be written to. Sign in as customer@demo.test and fill a basket for that.")
            return
        contact = contact_for(basket.owner)
        if agreed_address(contact) is None and (identity := account_address(contact)):
            type(identity).objects.filter(pk=identity.pk, verified_at=None).update(verified_at=timezone.now())
            text = consents.text_for(watch.inbox, ConsentText.Purpose.REMINDERS, watch.language or "en")
            agree(contact, identity=identity, text=text)
            self.stdout.write("Its customer has not agreed to reminders; for the demo they do so now.")
        percent = touch_rules_of(watch.inbox).holdout_percent
        if is_held_out(f"user:{basket.owner.pk}", "cart_reminder", percent):
            TouchRules.objects.filter(inbox=watch.inbox).update(holdout_percent=0)
            self.stdout.write("They belong to those who are left alone for comparison; nobody is from now on.")

    def _go_on(self, basket: Any, watch: BasketWatch, title: str, after: timedelta) -> None:
        """Let so much time pass since the last change, and do what the worker does each minute."""
        time.sleep(self.pause if self.told else 0)
        seen = _read(watch)
        pass_time(basket, watch, until(seen.last_activity + after, timezone.now()))
        mails = _mails()
        for work in (sweep, hand_over_due, send_due):
            work()
        self._tell(title, _read(watch), sorted(_mails() - mails))

    def _tell(self, title: str, watch: BasketWatch, mails: list[Path]) -> None:
        self.stdout.write(f"\n{title}: {self.style.SUCCESS(str(watch.get_state_display()))}")
        seen: Counter[str] = Counter()
        for line in stories.story(watch):
            # Moments move, so a line is known by its words; only news is printed.
            seen[line.words] += 1
            if seen[line.words] > self.told[line.words]:
                self.stdout.write(f"  {timezone.localtime(line.at):%d %b %H:%M}  {line.words}")
        self.told |= seen
        for path in mails:
            self.stdout.write(f"  mail: {path}")


def _found(pk: int | None) -> Any:
    baskets = Basket.objects.filter(status="Open", lines__isnull=False)
    chosen = baskets.filter(pk=pk) if pk else baskets.order_by("-lines__date_updated")
    basket = chosen.select_related("owner").first()
    if basket is None:
        raise CommandError("There is no such open basket with anything in it. Put something into one in the store.")
    return basket


def _watched(basket: Any) -> BasketWatch:
    """The basket as shopchat knows it. One that nobody has changed since the demo was loaded is told of now."""
    ref = basket_ref(basket)
    if not BasketWatch.objects.filter(ref=ref).exists():
        person = Person(str(basket.owner_id or ""), basket.owner.email if basket.owner else None)
        where = Surroundings(language="en", by_hand=True, device="desktop")
        observer.basket_touched(ref, at=timezone.now(), person=person, where=where)
    watch = BasketWatch.objects.select_related("inbox").get(ref=ref)
    if watch.state != BasketWatch.State.ACTIVE:
        person = Person(watch.user_id_text or None)
        observer.basket_touched(ref, at=timezone.now(), person=person, where=Surroundings(by_hand=True))
    return watch


def _read(watch: BasketWatch) -> BasketWatch:
    return BasketWatch.objects.get(pk=watch.pk)


def _mails() -> set[Path]:
    folder = Path(str(settings.EMAIL_FILE_PATH))
    return set(folder.iterdir()) if folder.exists() else set()


def _desk() -> str:
    return f"desk: {settings.WAGTAILADMIN_BASE_URL}/cms/chat/"
