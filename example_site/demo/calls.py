"""Customers who want to be called, in every state that a request can be in, made as customers and operators make them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from shopchat.callbacks import changing, slots, working
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.requesting import request_callback
from shopchat.callbacks.wishes import Wish
from shopchat.contacts import consents
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import ConsentText
from shopchat.conversations.models import Conversation
from shopchat.inboxes.finding import inbox_for
from shopchat.operators.models import Operator, Schedule, ScheduleException, WorkingInterval
from shopchat.stores.reading import configured_store

Product = get_model("catalogue", "Product")

ANNA, BORIS = "anna@demo.test", "boris@demo.test"
CONSENTS = {
    "en": "I agree that Trail & Co. keeps my number and my words for 180 days in order to call me back.",
    "ru": "Я согласен на то, чтобы Trail & Co. хранил мой номер и мои слова 180 дней, чтобы мне перезвонить.",
    "uk": "Я погоджуюся, щоб Trail & Co. зберігав мій номер і мої слова 180 днів, щоб мені передзвонити.",
}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """How one call ended. ``late``: it came after the promised time."""

    by: str
    outcome: str
    result: str = ""
    note: str = ""
    late: bool = False


@dataclass(frozen=True)
class Call:
    """Who asked how long ago, for the first slot from when on (both seen from now), and what came of it."""

    email: str
    language: str
    zone: str
    phone: str
    about: str
    asked: timedelta
    due: timedelta
    product: str = ""
    order: str = ""
    taken_by: str = ""
    said: tuple[Said, ...] = ()
    is_cancelled: bool = False
    page: str = "/catalogue/"


KYIV, NEW_YORK = "Europe/Kyiv", "America/New_York"
TALKED, NO_ANSWER, BUSY = "talked", "no_answer", "busy"

# In the order in which they asked. One person's requests do not overlap: their lines are those of one conversation.
CALLS = (
    Call(
        "mia@demo.test", "en", NEW_YORK, "+1 202 555 0117", "Which size of the boots for thick socks?", 13 * DAY, -12 * DAY,
        product="TC-4001", said=(Said(ANNA, TALKED, "ordered", "Took 39."),),
    ),
    Call(
        "oksana@demo.test", "uk", KYIV, "050 000 00 21", "Чи можна поміняти колір?", 11 * DAY, -11 * DAY + 3 * HOUR,
        said=(Said(BORIS, NO_ANSWER), Said(BORIS, TALKED, "helped", "Міняємо на зелений.")),
    ),
    Call(
        "pavlo@demo.test", "uk", KYIV, "067 000 00 34", "", 9 * DAY, -8 * DAY,
        said=(Said(ANNA, TALKED, "thinks", late=True),), page="/pages/choosing-a-tent/",
    ),
    Call(
        "emma@demo.test", "en", NEW_YORK, "+1 202 555 0148", "Do you ship to Boston?", 8 * DAY, -7 * DAY,
        said=(Said(ANNA, BUSY), Said(ANNA, NO_ANSWER), Said(BORIS, NO_ANSWER), Said(ANNA, NO_ANSWER)),
        page="/pages/delivery/",
    ),
    Call(
        "mia@demo.test", "en", NEW_YORK, "+1 202 555 0117", "The zip of the tent is stuck.", 6 * DAY, -6 * DAY + 2 * HOUR,
        said=(Said(BORIS, TALKED, "complaint", "Sends it in, new one tomorrow."),),
    ),
    Call(
        "oksana@demo.test", "uk", KYIV, "050 000 00 21", "", 4 * DAY, -3 * DAY, is_cancelled=True,
    ),
    Call(
        "pavlo@demo.test", "uk", KYIV, "067 000 00 34", "Намет на чотирьох, вітер.", 3 * DAY, -2 * DAY,
        product="TC-1003", said=(Said(BORIS, TALKED, "ordered"),), page="/pages/choosing-a-tent/",
    ),
    Call(
        "emma@demo.test", "en", NEW_YORK, "+1 202 555 0148", "Still about Boston.", 26 * HOUR, -25 * HOUR,
        said=(Said(ANNA, TALKED, "helped"),), page="/pages/delivery/",
    ),
    # Of these somebody still has to take care.
    Call(
        "oksana@demo.test", "uk", KYIV, "050 000 00 21", "Хочу доплатити за швидшу доставку.", 5 * HOUR, -90 * MINUTE,
    ),
    Call(
        "mia@demo.test", "en", NEW_YORK, "+1 202 555 0117", "One more question about the boots.", 4 * HOUR, -HOUR,
        product="TC-4001", said=(Said(BORIS, NO_ANSWER, note="Voicemail."),),
    ),
    Call(
        "taras@demo.test", "uk", KYIV, "099 000 00 11", "Чому замовлення ще не прийшло?", 3 * HOUR, -20 * MINUTE,
        order="10011", page="/accounts/orders/10011/",
    ),
    Call(
        "pavlo@demo.test", "uk", KYIV, "067 000 00 34", "", 2 * HOUR, 5 * MINUTE, taken_by=ANNA,
    ),
    Call(
        "jonas@demo.test", "en", NEW_YORK, "+1 202 555 0193", "Two people and a dog.", HOUR, 2 * HOUR, product="TC-1002",
    ),
    Call(
        "emma@demo.test", "en", NEW_YORK, "+1 202 555 0148", "", 30 * MINUTE, 2 * DAY, taken_by=BORIS,
    ),
)  # fmt: skip


def load_calls(people: dict[str, Any]) -> int:
    """Offer calls, and let customers ask for some; once. Answers how many requests were new."""
    inbox = inbox_for("")
    if CallbackRules.objects.filter(inbox=inbox).exists():
        return 0
    now = timezone.now()
    rules = CallbackRules.objects.create(
        inbox=inbox, schedule=_day_and_night(now.date()), default_region="UA", countries=["UA", "US"]
    )
    operators = {email: _on_phone_duty(email) for email in (ANNA, BORIS)}
    for language, text in CONSENTS.items():
        consents.publish(inbox, ConsentText.Purpose.CALLBACK, language, text)
    for place, call in enumerate(CALLS):
        request = _ask(rules, people[call.email], call, f"demo-call-{place}", now)
        _work(request, call, operators)
    return len(CALLS)


def _day_and_night(today: date) -> Schedule:
    """Somebody may try the demo at any hour; one day shows what other hours are."""
    schedule = Schedule.objects.create(name="Calls, day and night", time_zone=KYIV)
    for weekday in range(7):
        WorkingInterval.objects.create(schedule=schedule, weekday=weekday, opens_at=time(0), closes_at=time(0))
    day = today + 5 * DAY
    ScheduleException.objects.create(
        schedule=schedule, name="Stocktaking", first_day=day, last_day=day, opens_at=time(16), closes_at=time(22)
    )
    return schedule


def _on_phone_duty(email: str) -> Operator:
    """Anna calls whenever the shop does, Boris in the shop's hours."""
    operator = Operator.objects.get(user__email=email)
    operator.takes_calls = True
    if email == BORIS:
        operator.call_schedule = Schedule.objects.filter(name="Shop hours").first()
    operator.save(update_fields=["takes_calls", "call_schedule"])
    return operator


def _ask(rules: CallbackRules, person: Any, call: Call, client_id: str, now: datetime) -> CallbackRequest:
    asked_at, wanted = now - call.asked, now + call.due
    free = slots.free_slots(rules, now=asked_at)
    slot = next(slot for slot in free if slot.ends_at > wanted + rules.slot_minutes * MINUTE / 2)
    contact = contact_for(person)
    is_first = not Conversation.objects.filter(contact=contact).exists()
    wish = Wish(
        phone=call.phone,
        name=f"{person.first_name} {person.last_name}",
        about=call.about,
        **_subject(call),
        slot=slot.value,
        time_zone=call.zone,
        page=call.page,
        language=call.language,
        client_id=client_id,
        consent=True,
        consent_hash=consents.text_for(rules.inbox, ConsentText.Purpose.CALLBACK, call.language).text_hash,
    )
    request = request_callback(contact, rules.inbox, wish, now=asked_at).request
    if is_first:
        Conversation.objects.filter(pk=request.conversation_id).update(created_at=asked_at, last_message_at=asked_at)
    return request


def _subject(call: Call) -> dict[str, str]:
    """As the page that asked would have named it."""
    if call.order:
        return {"subject": "order", "subject_ref": call.order, "subject_label": call.order}
    if call.product:
        product = Product.objects.get(upc=call.product)
        ref = f"{configured_store().key}:{product.pk}"
        return {"subject": "product", "subject_ref": ref, "subject_label": product.title}
    return {"subject": "", "subject_ref": "", "subject_label": ""}


def _work(request: CallbackRequest, call: Call, operators: dict[str, Operator]) -> None:
    """What operators did about it, each step a few minutes into the time that was promised."""
    if call.taken_by:
        working.take(request, operators[call.taken_by], now=request.created_at + 2 * MINUTE)
    for number, said in enumerate(call.said):
        at = (request.promised_until if said.late else request.due_at) + 4 * MINUTE
        client_id = f"{request.client_id}-{number}"
        operator = operators[said.by]
        if request.assignee not in (None, operator):
            working.assign([request], operator, by=operator, now=at - MINUTE)
        attempt = working.begin_attempt(request, operator, client_id=client_id, now=at)
        working.record(
            request,
            operator,
            attempt=attempt,
            outcome=said.outcome,
            result=said.result,
            note=said.note,
            client_id=client_id,
            now=at + 3 * MINUTE,
        )
    if call.is_cancelled:
        changing.cancel(request, now=request.created_at + HOUR)
