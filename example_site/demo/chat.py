"""What the chat shows on the first day: operators with faces, working hours, texts, and a few conversations."""

from datetime import time, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from example_site.demo.pictures import draw_portrait
from shopchat.contacts.joining import contact_for
from shopchat.conversations import closing, posting, reading, starting
from shopchat.conversations.models import Conversation, Message
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator, Schedule, WorkingInterval
from shopchat.operators.photos import squared
from shopchat.operators.roster import operator_for

PROFILES = {
    "anna@demo.test": (
        "Tents and sleeping bags",
        {"skin": "#f1c9a5", "hair": "#6b3f23", "shirt": "#0b6e4f", "long": True},
    ),
    "boris@demo.test": ("Boots and packs", {"skin": "#e3b38c", "hair": "#2b2b2f", "shirt": "#35557a", "long": False}),
}
TEXTS = {
    "en": {
        "title": "Trail & Co.",
        "shop": "Trail & Co.",
        "welcome": "Hello! Ask us about gear, sizes, delivery or your order.",
    },
    "ru": {
        "title": "Trail & Co.",
        "shop": "Trail & Co.",
        "welcome": "Здравствуйте! Спросите нас о снаряжении, размерах, доставке или о вашем заказе.",
    },
    "uk": {
        "title": "Trail & Co.",
        "shop": "Trail & Co.",
        "welcome": "Вітаємо! Запитайте нас про спорядження, розміри, доставку чи ваше замовлення.",
    },
}
# Who writes, in which language, what is said (">" the customer, "<" the operator, "#" a note), and how it ends.
TALKS = [
    (
        "irina@demo.test",
        "ru",
        [
            ("> ", "Здравствуйте! Ботинки Scree сильно большемерят?"),
            ("< ", "Добрый день! Нет, размер в размер. Если нога широкая, берите на полразмера больше."),
            ("> ", "Спасибо, заказываю 38."),
        ],
        "closed",
    ),
    (
        "taras@demo.test",
        "uk",
        [
            ("> ", "Добрий день! Коли буде доставка мого замовлення?"),
            ("# ", "Посилка вже у місті, кур’єр завтра зранку."),
            ("< ", "Вітаємо! Кур’єр привезе його завтра до обіду."),
        ],
        "answered",
    ),
    ("jonas@demo.test", "en", [("> ", "Does the Heron tent fit two people and a dog?")], "waiting"),
]


def load_chat(people: dict[str, Any]) -> int:
    """Set up what is missing; answers how many conversations were new."""
    inbox = _inbox()
    operators = [_operator(people[email], *profile) for email, profile in PROFILES.items()]
    return sum(
        _talk(contact_for(people[email]), inbox, operators[place % 2], language, lines, end, hours=20 - 9 * place)
        for place, (email, language, lines, end) in enumerate(TALKS)
    )


def _inbox() -> Inbox:
    inbox = inbox_for("")
    if not inbox.texts:
        inbox.name, inbox.texts, inbox.schedule = "Trail & Co.", TEXTS, _schedule()
        inbox.save()
    return inbox


def _schedule() -> Schedule:
    schedule = Schedule.objects.create(name="Shop hours", time_zone="Europe/Kyiv")
    hours = [(weekday, time(9), time(20)) for weekday in range(5)] + [(5, time(10), time(16))]
    for weekday, opens_at, closes_at in hours:
        WorkingInterval.objects.create(schedule=schedule, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
    return schedule


def _operator(user: Any, role: str, looks: dict[str, Any]) -> Operator:
    operator = operator_for(user)
    if not operator.photo:
        operator.role = role
        operator.photo = squared(ContentFile(draw_portrait(**looks)))
        operator.save()
    return operator


def _talk(
    contact: Any, inbox: Inbox, operator: Operator, language: str, lines: list[tuple[str, str]], end: str, *, hours: int
) -> bool:
    if starting.current(contact, inbox) is not None:
        return False
    conversation = starting.start(contact, inbox, language=language, page="/catalogue/")
    for number, (mark, text) in enumerate(lines):
        client_id = f"demo-{conversation.number}-{number}"
        if mark == "> ":
            posting.receive(conversation, text=text, client_id=client_id)
        else:
            verb = posting.reply if mark == "< " else posting.note
            verb(conversation, operator=operator, text=text, client_id=client_id)
    conversation.refresh_from_db()
    if end != "waiting":
        reading.mark_read(conversation, operator=operator, up_to=conversation.last_seq)
        reading.mark_seen(conversation, up_to=conversation.last_seq)
    if end == "closed":
        closing.close(conversation, operator=operator)
    _move_back(conversation, timedelta(hours=hours))
    return True


def _move_back(conversation: Conversation, by: timedelta) -> None:
    """As if it had been said a while ago, two minutes between the lines."""
    then = timezone.now() - by
    for message in Message.objects.filter(conversation=conversation):
        Message.objects.filter(pk=message.pk).update(created_at=then + timedelta(minutes=2 * message.seq))
    moved = Conversation.objects.filter(pk=conversation.pk)
    moved.update(created_at=then, last_message_at=then + timedelta(minutes=8))
    moved.exclude(waiting_since=None).update(waiting_since=then)
