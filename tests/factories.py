"""One factory for each model, with traits for the states that tests ask for."""

import secrets
import uuid
from datetime import time, timedelta
from decimal import Decimal

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from factory.django import DjangoModelFactory

from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules, TelephonyAccount
from shopchat.carts.models import BasketWatch, CartRules
from shopchat.contacts.models import ConsentText, Contact, Identity
from shopchat.conversations import posting, starting
from shopchat.conversations.models import Conversation, Delivery, Message
from shopchat.core.sealing import seal
from shopchat.core.tokens import digest
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator, Schedule, WorkingInterval
from shopchat.touches.models import Touch
from shopchat.touches.people import person_key
from shopchat.visitors.models import Visitor


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}@example.test")
    email = factory.SelfAttribute("username")
    first_name = "Olena"
    last_name = "Koval"

    class Params:
        superuser = factory.Trait(is_superuser=True, is_staff=True)

    @factory.post_generation
    def answers_customers(self, create, extracted, **kwargs):
        if extracted:
            self.groups.add(Group.objects.get(name="Chat operators"))


class OperatorFactory(DjangoModelFactory):
    class Meta:
        model = Operator

    user = factory.SubFactory(UserFactory, answers_customers=True)
    public_name = factory.Sequence(lambda n: f"Anna {n}")

    class Params:
        present = factory.Trait(seen_at=factory.LazyFunction(timezone.now))


class ScheduleFactory(DjangoModelFactory):
    """Monday to Friday from 9:00 to 18:00 in Kyiv."""

    class Meta:
        model = Schedule
        skip_postgeneration_save = True

    name = "Weekdays"
    time_zone = "Europe/Kyiv"

    @factory.post_generation
    def weekdays(self, create, extracted, **kwargs):
        for weekday in range(5) if extracted is None else extracted:
            WorkingInterval.objects.create(schedule=self, weekday=weekday, opens_at=time(9), closes_at=time(18))


class InboxFactory(DjangoModelFactory):
    class Meta:
        model = Inbox
        django_get_or_create = ["hostname"]

    name = "Shop"
    hostname = ""


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = Contact

    class Params:
        signed_in = factory.Trait(user=factory.SubFactory(UserFactory))


class IdentityFactory(DjangoModelFactory):
    """A verified e-mail address."""

    class Meta:
        model = Identity

    contact = factory.SubFactory(ContactFactory)
    channel = "email"
    value = factory.Sequence(lambda n: f"customer{n}@example.test")
    source = Identity.Source.ACCOUNT
    verified_at = factory.LazyFunction(timezone.now)

    class Params:
        typed = factory.Trait(source=Identity.Source.TYPED, verified_at=None)
        stopped = factory.Trait(stopped_at=factory.LazyFunction(timezone.now))


def visitor_with_key(**kwargs):
    """A visitor and the key that its cookie holds."""
    key = secrets.token_urlsafe(32)
    fields = {"contact": kwargs.pop("contact", None) or ContactFactory(), "confirmed_at": timezone.now(), **kwargs}
    return Visitor.objects.create(key_hash=digest(key), **fields), key


class ConversationFactory(DjangoModelFactory):
    class Meta:
        model = Conversation

    number = factory.LazyFunction(starting.new_number)
    inbox = factory.SubFactory(InboxFactory)
    contact = factory.SubFactory(ContactFactory)
    language = "en"
    last_message_at = factory.LazyFunction(timezone.now)
    updated_at = factory.LazyFunction(timezone.now)

    class Params:
        closed = factory.Trait(state="closed", closed_at=factory.LazyFunction(timezone.now))
        old = factory.Trait(last_message_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=3)))


class ConsentTextFactory(DjangoModelFactory):
    class Meta:
        model = ConsentText

    inbox = factory.SubFactory(InboxFactory)
    purpose = ConsentText.Purpose.CALLBACK
    language = "en"
    version = factory.Sequence(lambda n: n + 1)
    text = "I agree that my number is stored so that I can be called."
    text_hash = factory.LazyAttribute(lambda row: digest(row.text))
    created_at = factory.LazyFunction(timezone.now)


class CallbackRulesFactory(DjangoModelFactory):
    """Calls on weekdays from 9:00 to 18:00 in Kyiv, in slots of half an hour."""

    class Meta:
        model = CallbackRules

    inbox = factory.SubFactory(InboxFactory)
    schedule = factory.SubFactory(ScheduleFactory)


class CallbackRequestFactory(DjangoModelFactory):
    """Waits, and is due in an hour."""

    class Meta:
        model = CallbackRequest

    number = factory.Sequence(lambda n: str(4000 + n))
    inbox = factory.SubFactory(InboxFactory)
    contact = factory.SubFactory(ContactFactory)
    conversation = factory.LazyAttribute(lambda row: ConversationFactory(contact=row.contact, inbox=row.inbox))
    client_id = factory.LazyFunction(lambda: uuid.uuid4().hex)
    phone = factory.Sequence(lambda n: f"+38044{1000000 + n}")
    phone_tail = factory.LazyAttribute(lambda row: row.phone[-4:])
    open_phone = factory.SelfAttribute("phone")
    name = "Olena"
    language = "en"
    time_zone = "Europe/Kyiv"
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.SelfAttribute("created_at")
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    promised_until = factory.LazyAttribute(lambda row: row.due_at + timedelta(minutes=30))
    first_promised_until = factory.SelfAttribute("promised_until")

    class Params:
        overdue = factory.Trait(due_at=factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1)))
        done = factory.Trait(
            state="done", outcome="talked", open_phone=None, closed_at=factory.LazyFunction(timezone.now)
        )


class CallAttemptFactory(DjangoModelFactory):
    class Meta:
        model = CallAttempt

    request = factory.SubFactory(CallbackRequestFactory)
    client_id = factory.LazyFunction(lambda: uuid.uuid4().hex)
    started_at = factory.LazyFunction(timezone.now)


class TelephonyAccountFactory(DjangoModelFactory):
    """With Twilio, under the account of the recorded payloads."""

    class Meta:
        model = TelephonyAccount
        exclude = ["credentials_in_clear"]

    inbox = factory.SubFactory(InboxFactory)
    backend = "twilio"
    caller_id = "+380445550100"
    secret = factory.LazyFunction(lambda: secrets.token_urlsafe(32))
    credentials_in_clear = factory.LazyFunction(
        lambda: {"account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "12345678901234567890123456789012"}
    )
    credentials = factory.LazyAttribute(lambda row: seal(row.credentials_in_clear))


class DeliveryFactory(DjangoModelFactory):
    """Due since a moment ago."""

    class Meta:
        model = Delivery

    purpose = factory.Sequence(lambda n: f"test:{n}")
    kind = "test"
    channel = "memory"
    conversation = factory.SubFactory(ConversationFactory)
    due_at = factory.LazyFunction(timezone.now)
    retry_until = factory.LazyAttribute(lambda row: row.due_at + timedelta(days=1))
    created_at = factory.SelfAttribute("due_at")
    updated_at = factory.SelfAttribute("due_at")

    class Params:
        failed = factory.Trait(state="failed", reason="refused", attempts=1)
        unconfirmed = factory.Trait(state="unconfirmed", reason="no_answer", attempts=1)
        lapsed = factory.Trait(
            state="sending",
            attempt="of-a-dead-worker",
            attempts=1,
            lease_until=factory.LazyFunction(lambda: timezone.now() - timedelta(seconds=1)),
        )


class TouchFactory(DjangoModelFactory):
    """An advertising mail of the kind ``test`` to a verified address, due since a moment ago."""

    class Meta:
        model = Touch

    purpose = factory.Sequence(lambda n: f"touch:{n}")
    kind = "test"
    touch_class = Touch.Class.MARKETING
    channel = "memory"
    contact = factory.SubFactory(ContactFactory)
    identity = factory.LazyAttribute(lambda row: IdentityFactory(contact=row.contact, channel=row.channel))
    person = factory.LazyAttribute(lambda row: person_key(contact=row.contact))
    about = factory.SelfAttribute("purpose")
    rule = "test"
    inbox = factory.SubFactory(InboxFactory)
    planned_for = factory.LazyFunction(timezone.now)
    due_at = factory.SelfAttribute("planned_for")
    created_at = factory.SelfAttribute("planned_for")

    class Params:
        handed = factory.Trait(state="handed", settled_at=factory.SelfAttribute("planned_for"))


def client_id() -> str:
    return uuid.uuid4().hex


def receive(conversation, text="Is it waterproof?", **kwargs) -> Message:
    """The contact writes."""
    return posting.receive(
        conversation, text=text, client_id=kwargs.pop("client_id", None) or client_id(), **kwargs
    ).message


def reply(conversation, operator, text="Yes, fully.", **kwargs) -> Message:
    """An operator answers."""
    return posting.reply(conversation, operator=operator, text=text, client_id=client_id(), **kwargs).message


def note(conversation, operator, text="A regular customer.", **kwargs) -> Message:
    """An operator writes a private note."""
    return posting.note(conversation, operator=operator, text=text, client_id=client_id(), **kwargs).message


class BasketWatchFactory(DjangoModelFactory):
    """Left an hour ago with one line in it."""

    class Meta:
        model = BasketWatch

    ref = factory.Sequence(lambda n: f"memory:{1000 + n}")
    store = "memory"
    inbox = factory.SubFactory(InboxFactory)
    language = "en"
    currency = "EUR"
    by_hand = True
    state = BasketWatch.State.ABANDONED
    state_at = factory.LazyFunction(timezone.now)
    last_activity = factory.LazyAttribute(lambda row: row.state_at - timedelta(hours=1))
    abandoned_at = factory.SelfAttribute("state_at")
    created_at = factory.SelfAttribute("last_activity")
    lines = factory.LazyFunction(
        lambda: [
            {
                "product": "memory:1",
                "title": "Tent",
                "quantity": 2,
                "options": {},
                "price": ["99.50", "EUR"],
                "url": "/products/memory:1/",
            }
        ]
    )
    quantity = 2
    total = Decimal("199.00")

    class Params:
        needs_help = factory.Trait(state="interrupted", help_wanted_at=factory.LazyFunction(timezone.now))


class CartRulesFactory(DjangoModelFactory):
    """Baskets are watched and nobody is approached."""

    class Meta:
        model = CartRules

    inbox = factory.SubFactory(InboxFactory)
