"""A basket that was left in a shop in memory, by somebody who agreed to be reminded."""

from datetime import time, timedelta
from decimal import Decimal

from django.core import mail
from django.utils import timezone

from shopchat.carts import plans
from shopchat.carts.models import BasketWatch, CartRules, CartStep
from shopchat.contacts import agreeing, consents
from shopchat.contacts.models import ConsentText
from shopchat.conversations import delivery
from shopchat.core.money import Money
from shopchat.stores.memory import MemoryStore
from shopchat.stores.snapshots import snapshot
from shopchat.touches import handing
from shopchat.touches.models import Touch, TouchRules
from tests.factories import BasketWatchFactory, ContactFactory, IdentityFactory, InboxFactory

MEMORY = {"STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore"}}
EUR = "EUR"
REMINDERS = ConsentText.Purpose.REMINDERS


def euros(amount):
    return Money(Decimal(amount), EUR)


def agree(contact, identity, inbox=None):
    text = consents.text_for(inbox or InboxFactory(), REMINDERS, "en")
    return agreeing.agree(contact, identity=identity, text=text)


class Left:
    """The shop, the customer, and their basket; left an hour ago unless said otherwise."""

    def __init__(self, **contact):
        self.shop = MemoryStore()
        self.shop.clear()
        self.inbox = InboxFactory()
        self.rules = CartRules.objects.create(
            inbox=self.inbox, mails=True, mails_since=timezone.now() - timedelta(days=1)
        )
        TouchRules.objects.create(inbox=self.inbox, holdout_percent=0, quiet_from=time(0), quiet_until=time(0))
        self.tent = self.shop.add_product("Tent", price=euros("99.50"))
        self.stove = self.shop.add_product("Stove & pot", price=euros("40.00"))
        self.contact = ContactFactory(**contact)
        self.identity = IdentityFactory(contact=self.contact, value="olena@mail.example")
        self.consent = agree(self.contact, self.identity)
        self.watch = self.leave(contact=self.contact)

    @property
    def account(self):
        return str(self.contact.user_id or "")

    def leave(self, *, hours_ago=1, plan=True, **fields):
        """Another basket is left, by the same customer."""
        at = timezone.now() - timedelta(hours=hours_ago)
        lines = [self.shop.line(self.tent, 2), self.shop.line(self.stove)]
        ref = self.shop.add_basket(lines, user_id=self.account or None, last_activity=at)
        view = self.shop.baskets([ref])[ref]
        seen = {"lines": [line.as_json() for line in snapshot(view)], "quantity": 3, "total": view.total.amount}
        seen |= {"ref": ref, "inbox": self.inbox, "user_id_text": self.account, "last_activity": at}
        watch = BasketWatchFactory(**{**seen, **fields})
        if plan:
            plans.make_plans(BasketWatch.objects.get(pk=watch.pk), timezone.now())
        return watch

    def with_voucher(self, number=1, **rules):
        """This step comes with a voucher."""
        values = {"voucher_percent": Decimal(10), **rules}
        CartRules.objects.update(**values)
        self.rules.refresh_from_db()
        CartStep.objects.create(rules=self.rules, number=number, delay_minutes=60, with_voucher=True)

    def touch(self, number=1, watch=None):
        return Touch.objects.get(purpose=f"cart:{(watch or self.watch).pk}:1:{number}")

    def hand_over(self, hours=0):
        return handing.hand_over_due(timezone.now() + timedelta(hours=hours))

    def send(self, hours=0):
        """What is due in so many hours leaves; answers all that ever left."""
        self.hand_over(hours)
        delivery.send_due()
        return mail.outbox
