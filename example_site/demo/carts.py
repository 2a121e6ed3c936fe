"""What the demo store does about baskets that are left, and baskets in every state that one can be in.

The newest of them are told by their stories; a month of older ones, which nobody has to look at one by one, fills the report.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from oscar.core.loading import get_model

from example_site.demo.orders import basket_of
from shopchat.carts import reminding, states
from shopchat.carts.models import BasketWatch, CartRules, RecoveryLink
from shopchat.carts.recovering import make_link
from shopchat.carts.valuing import keep_contents
from shopchat.channels.known import EMAIL
from shopchat.contacts import consents
from shopchat.contacts.agreeing import agree
from shopchat.contacts.joining import contact_for
from shopchat.contacts.models import ConsentText, Identity
from shopchat.inboxes.finding import inbox_for
from shopchat.stores.oscar_rows import basket_ref
from shopchat.stores.reading import configured_store
from shopchat.touches.deciding import Answer, Verdict
from shopchat.touches.models import Touch, TouchRules
from shopchat.touches.people import person_key
from shopchat.touches.planning import call_off
from shopchat.touches.settling import settle

Order = get_model("order", "Order")
Product = get_model("catalogue", "Product")

State, How, Why = BasketWatch.State, BasketWatch.How, BasketWatch.Why
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONSENTS = {
    "en": "Trail & Co. may remind me by e-mail of what I left in my basket. I can stop that at any time.",
    "ru": "Trail & Co. может напоминать мне по электронной почте о том, что осталось в корзине. Я могу это прекратить.",
    "uk": "Trail & Co. може нагадувати мені електронною поштою про те, що лишилося в кошику. Я можу це припинити.",
}
SENT, ALONE, NO_BASIS = "sent", "alone", "no_basis"


@dataclass(frozen=True)
class Story:
    """Whose basket, last changed how long ago, and what came after: states with the time since that change."""

    email: str
    language: str
    ago: timedelta
    lines: dict[str, int]
    then: tuple[tuple[str, timedelta], ...] = ()
    order: str = ""
    how: str = ""
    reminders: tuple[str, ...] = ()
    why: str = ""
    device: str = "desktop"
    source: str = ""


IDLE, LEFT = (State.IDLE, 31 * MINUTE), (State.ABANDONED, 61 * MINUTE)

# A story without an address is that of somebody who has not signed in.
STORIES = (
    Story("mia@demo.test", "en", 10 * MINUTE, {"TC-4002-3": 1}, source="newsletter"),
    Story("", "ru", 40 * MINUTE, {"TC-3203": 1, "TC-3201-2": 1}, (IDLE,), device="phone"),
    Story(
        "oksana@demo.test", "uk", 5 * HOUR, {"TC-2001": 1}, (IDLE, LEFT), reminders=(NO_BASIS, NO_BASIS), device="phone",
        source="instagram",
    ),
    Story("pavlo@demo.test", "uk", 26 * HOUR, {"TC-1003": 1}, (IDLE, LEFT), reminders=(ALONE, ALONE)),
    Story(
        "irina@demo.test", "ru", 30 * HOUR, {}, (IDLE, LEFT, (State.CONTACTED, 62 * MINUTE)), reminders=(SENT, SENT),
        why=Why.DELIVERY,
    ),
    Story(
        "taras@demo.test", "uk", 20 * HOUR, {"TC-2104": 2, "TC-1202": 1},
        (IDLE, LEFT, (State.CONTACTED, 62 * MINUTE), (State.RETURNED, 18 * HOUR)), reminders=(SENT,), why=Why.PRICE,
        source="google", device="phone",
    ),
    Story(
        "emma@demo.test", "en", 80 * MINUTE, {"TC-6001": 1, "TC-5002": 1},
        ((State.PAYING, 5 * MINUTE), (State.PAYMENT_INTERRUPTED, 36 * MINUTE)), source="google",
    ),
    Story("", "en", 9 * HOUR, {"TC-7001": 1}, (IDLE, LEFT, (State.RETURNED, 8 * HOUR)), why=Why.LOOKING),
    Story(
        "jonas@demo.test", "en", 9 * DAY, {},
        (IDLE, LEFT, (State.CONTACTED, 62 * MINUTE), (State.RETURNED, 20 * HOUR), (State.RESTORED, 20 * HOUR + MINUTE)),
        order="10009", how=How.LINK, reminders=(SENT,), device="phone", source="newsletter",
    ),
    Story(
        "mia@demo.test", "en", 30 * HOUR, {}, (IDLE, LEFT, (State.CONTACTED, 62 * MINUTE)), order="10012",
        how=How.ASSISTED, reminders=(SENT,),
    ),
    Story(
        "customer@demo.test", "uk", 4 * DAY + 5 * HOUR, {}, (IDLE, LEFT), order="10010", how=How.ALONE,
        reminders=(ALONE,), device="phone",
    ),
)  # fmt: skip
# Who has agreed to be reminded.
AGREED = ("irina@demo.test", "taras@demo.test", "jonas@demo.test", "mia@demo.test", "pavlo@demo.test")

PAST = 60
SOURCES = ("", "google", "newsletter", "", "instagram", "google")
LANGUAGES = ("uk", "en", "ru", "uk")


def load_carts(people: dict[str, Any]) -> int:
    """Set up rules and tell the stories, once; answers how many baskets are known then."""
    inbox = inbox_for("")
    if CartRules.objects.filter(inbox=inbox).exists():
        return 0
    now = timezone.now()
    with transaction.atomic():
        # In force for a month, so that older baskets may be reminded of.
        CartRules.objects.create(
            inbox=inbox,
            onsite=CartRules.Onsite.BUBBLE,
            hesitation=True,
            mails=True,
            mails_since=now - 60 * DAY,
            voucher_percent=10,
        )
        # Somebody may try the demo at any hour.
        TouchRules.objects.create(inbox=inbox, quiet_from="00:00", quiet_until="00:00")
        for language, text in CONSENTS.items():
            consents.publish(inbox, ConsentText.Purpose.REMINDERS, language, text)
        baskets = [_basket(story, people.get(story.email)) for story in STORIES]
    # What the store told while it was filled all happened at this one moment.
    BasketWatch.objects.all().delete()
    with transaction.atomic():
        identities = {email: _agree(people[email], inbox, now - 40 * DAY) for email in AGREED}
        for story, basket in zip(STORIES, baskets, strict=True):
            _tell(story, basket, people.get(story.email), identities.get(story.email), inbox, now)
        _tell_of_the_past(inbox, now)
    return BasketWatch.objects.count()


def _basket(story: Story, person: Any) -> Any:
    if story.order:
        return Order.objects.get(number=story.order).basket
    if not story.lines:
        return person.baskets.filter(status="Open").latest("pk")
    basket = basket_of(person, story.lines)
    basket.lines.update(date_updated=timezone.now() - story.ago)
    return basket


def _agree(user: Any, inbox: Any, at: datetime) -> Identity:
    contact = contact_for(user)
    identity, _is_new = Identity.objects.get_or_create(
        contact=contact, channel=EMAIL, value=user.email, defaults={"source": "account", "verified_at": at}
    )
    text = consents.text_for(inbox, ConsentText.Purpose.REMINDERS, "en")
    agree(contact, identity=identity, text=text, page="/accounts/profile/", now=at)
    return identity


def _tell(story: Story, basket: Any, user: Any, identity: Identity | None, inbox: Any, now: datetime) -> None:
    ref, last = basket_ref(basket), now - story.ago
    watch = BasketWatch(
        ref=ref,
        store=configured_store().key,
        inbox=inbox,
        contact=contact_for(user) if user else None,
        user_id_text=str(user.pk) if user else "",
        language=story.language,
        device=story.device,
        source=story.source,
        by_hand=True,
        state_at=last,
        last_activity=last,
        created_at=last - 6 * MINUTE,
        look_at=now,
        why=story.why,
        why_at=last + 2 * HOUR if story.why else None,
    )
    keep_contents(watch, configured_store().baskets([ref])[ref])
    watch.save()
    for state, after in story.then:
        states.move(watch, state, at=last + after, look_at=now, **_moment(state, last + after))
        if state == State.ABANDONED:
            reminding.plan_steps(watch, last + after)
            _settle(story, watch, identity)
    if story.order:
        _order(story, watch)


def _moment(state: str, at: datetime) -> dict[str, Any]:
    names = {
        State.ABANDONED: "abandoned_at",
        State.CONTACTED: "contacted_at",
        State.RETURNED: "returned_at",
        State.RESTORED: "restored_at",
        State.PAYMENT_INTERRUPTED: "help_wanted_at",
    }
    return {names[State(state)]: at} if state in names else {}


def _settle(story: Story, watch: BasketWatch, identity: Identity | None) -> None:
    """What became of the reminders, each a minute after its time."""
    touches = Touch.objects.about(watch.ref).order_by("due_at")
    for touch, fate in zip(touches, story.reminders, strict=False):
        at = touch.due_at + MINUTE
        if fate == NO_BASIS:
            settle(touch, Verdict(Answer.DROP, fate), at)
            continue
        touch.details |= {"basis": "consent"}
        touch.identity, touch.contact = identity, watch.contact
        touch.left_at = at if fate == SENT else None
        touch.save(update_fields=["identity", "contact", "left_at"])
        settle(touch, Verdict(Answer.GO) if fate == SENT else Verdict(Answer.HOLD_OUT, "held_out"), at)
        if fate == SENT:
            make_link(watch, purpose=RecoveryLink.Purpose.MAIL, touch=touch, now=at)


def _order(story: Story, watch: BasketWatch) -> None:
    order = Order.objects.get(number=story.order)
    placed = order.date_placed
    states.move(
        watch,
        State.ORDERED,
        at=placed,
        details={"order": order.number, "how": story.how},
        look_at=None,
        order_number=order.number,
        ordered_at=placed,
        order_total=order.total_incl_tax,
        order_currency=order.currency,
        how=story.how,
    )
    call_off(watch.ref, reason="ordered", details={"order": order.number, "at": placed.isoformat()}, now=placed)
    if story.how == How.LINK:
        Touch.objects.about(watch.ref).exclude(left_at=None).update(clicked_at=watch.restored_at)
        RecoveryLink.objects.filter(watch=watch).update(restored_at=watch.restored_at)


def _tell_of_the_past(inbox: Any, now: datetime) -> None:
    """Baskets of the month before, of people who are known no longer. What they do follows from their number."""
    products = [product.title for product in Product.objects.filter(structure="standalone").order_by("pk")[:9]]
    watches = [_past(number, inbox, products, now - (3 + number % 24) * DAY) for number in range(PAST)]
    BasketWatch.objects.bulk_create(watches)
    Touch.objects.bulk_create(
        touch for number, watch in enumerate(watches) if watch.abandoned_at for touch in _past_touches(number, watch)
    )


def _past(number: int, inbox: Any, products: list[str], at: datetime) -> BasketWatch:
    is_left, is_alone = number % 5 != 0, number % 10 == 3
    buys = not is_left or (number == 33 if is_alone else number % 7 in (2, 4))
    ordered_at = at + (20 * HOUR if is_left else 20 * MINUTE)
    contacted = is_left and not is_alone and number % 6 != 0
    price = Decimal(29 + number % 9 * 17)
    return BasketWatch(
        ref=f"oscar:past-{number}",
        store="oscar",
        inbox=inbox,
        language=LANGUAGES[number % len(LANGUAGES)],
        currency="EUR",
        device="phone" if number % 3 else "desktop",
        source=SOURCES[number % len(SOURCES)],
        by_hand=True,
        state=State.ORDERED if buys else State.EXPIRED,
        state_at=ordered_at if buys else at + 30 * DAY,
        last_activity=at,
        created_at=at - 8 * MINUTE,
        abandoned_at=at + HOUR if is_left else None,
        contacted_at=at + 62 * MINUTE if contacted else None,
        returned_at=at + 19 * HOUR if contacted and number % 3 == 0 else None,
        restored_at=at + 19 * HOUR if contacted and buys and number % 2 else None,
        lines=[
            {
                "product": f"oscar:past-{number % len(products)}",
                "title": products[number % len(products)],
                "quantity": 1 + number % 2,
                "options": {},
                "price": [str(price), "EUR"],
                "url": None,
            }
        ],
        quantity=1 + number % 2,
        total=price * (1 + number % 2),
        why=list(Why.values)[number % 5] if is_left and number % 4 == 2 else "",
        order_number=f"9{number:03}" if buys else "",
        ordered_at=ordered_at if buys else None,
        order_total=price * (1 + number % 2) if buys else None,
        order_currency="EUR" if buys else "",
        order_cancelled_at=ordered_at + DAY if buys and number % 12 == 4 else None,
        how=_how(number, contacted) if buys and is_left else "",
    )


def _how(number: int, contacted: bool) -> str:
    if not contacted:
        return How.ALONE
    return How.LINK if number % 2 else How.ASSISTED


def _past_touches(number: int, watch: BasketWatch) -> list[Touch]:
    contacted, is_alone = watch.contacted_at is not None, number % 10 == 3
    state, reason = (Touch.State.HANDED, "") if contacted else (Touch.State.DROPPED, "no_basis")
    if is_alone:
        state, reason = Touch.State.HELD_OUT, "held_out"
    steps = {1: (state, reason, HOUR)}
    if contacted:
        bought = watch.ordered_at is not None
        steps[2] = (Touch.State.CANCELLED, "ordered", 20 * HOUR) if bought else (Touch.State.HANDED, "", DAY)
        if not bought and number % 5 == 2:
            steps[2] = (Touch.State.DROPPED, "nothing_left", DAY)
    basis = {"basis": "consent"} if contacted or is_alone else {}
    return [
        Touch(
            purpose=f"cart:past-{number}:1:{step}",
            kind=reminding.KIND,
            touch_class=Touch.Class.MARKETING,
            channel=EMAIL,
            person=person_key(ref=watch.ref),
            about=watch.ref,
            rule=reminding.RULE,
            inbox=watch.inbox,
            state=state,
            reason=reason,
            details={"step": step} | basis,
            planned_for=watch.last_activity + after,
            due_at=watch.last_activity + after,
            created_at=watch.last_activity + HOUR,
            settled_at=watch.last_activity + after,
            left_at=watch.last_activity + after if state == Touch.State.HANDED else None,
            clicked_at=watch.returned_at if step == 1 else None,
        )
        for step, (state, reason, after) in steps.items()
    ]
