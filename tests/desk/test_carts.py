"""The list of baskets that were left, and the page of one."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from shopchat.carts.models import BasketTransition, BasketWatch, RecoveryLink
from shopchat.conversations.models import Conversation, Message
from shopchat.core.money import Money
from shopchat.desk import carts_listing
from shopchat.stores.memory import MemoryStore
from tests.desk.conftest import signed_in
from tests.factories import (
    BasketWatchFactory,
    CallbackRequestFactory,
    ContactFactory,
    ConversationFactory,
    InboxFactory,
    OperatorFactory,
    TouchFactory,
    UserFactory,
)

HOUR = timedelta(hours=1)
LINK = {"do": "link", "text": "Here it is:", "client_id": "0" * 20}


@pytest.fixture
def shop(db, settings):
    settings.SHOPCHAT = {**settings.SHOPCHAT, "STORE": {"BACKEND": "shopchat.stores.memory.MemoryStore"}}
    store = MemoryStore()
    store.clear()
    yield store
    store.clear()


@pytest.fixture
def known(shop):
    """A basket of somebody who has written to us."""
    tent = shop.add_product("Tent", price=Money(Decimal("120.00"), "EUR"))
    contact = ContactFactory(signed_in=True)
    watch = BasketWatchFactory(contact=contact, user_id_text=str(contact.user_id))
    watch.lines[0]["product"] = tent.ref
    watch.save()
    return watch


def listed(client, **asked):
    found = client.get(reverse("shopchat_desk:carts"), asked).context["listing"]
    return [row.watch for row in found.rows]


def page(client, watch):
    response = client.get(reverse("shopchat_desk:cart", args=[watch.pk]))
    assert response.status_code == 200
    return response.content.decode()


def do(client, watch, **fields):
    url = reverse("shopchat_desk:cart", args=[watch.pk])
    return client.post(url, urlencode(fields), content_type="application/x-www-form-urlencoded")


def test_each_tab_has_its_baskets(at_desk, anna, boris):
    left, interrupted = BasketWatchFactory(), BasketWatchFactory(needs_help=True)
    reached = BasketWatchFactory(state="contacted")
    ordered = BasketWatchFactory(state="ordered", ordered_at=timezone.now())
    BasketWatchFactory(state="ordered", ordered_at=timezone.now(), abandoned_at=None)  # never left
    spared = BasketWatchFactory(state="suppressed")
    BasketWatchFactory(state="active", abandoned_at=None)
    BasketWatchFactory(needs_help=True, helped_by=boris)

    assert set(listed(at_desk)) >= {left, interrupted}
    assert set(listed(at_desk, tab="help")) >= {interrupted}
    assert listed(at_desk, tab="reached") == [reached]
    assert listed(at_desk, tab="ordered") == [ordered]
    assert listed(at_desk, tab="other") == [spared]
    assert at_desk.get(reverse("shopchat_desk:carts")).context["listing"].tabs[0][3] == "1"


def test_who_waits_longest_for_help_comes_first(at_desk):
    now = timezone.now()
    late = BasketWatchFactory(needs_help=True, help_wanted_at=now)
    early = BasketWatchFactory(needs_help=True, help_wanted_at=now - 40 * 24 * HOUR, last_activity=now - 41 * 24 * HOUR)

    assert listed(at_desk, tab="help") == [early, late]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({"value": "150"}, {"total": Decimal(150)}),
        ({"signed": "1"}, {"user_id_text": "7"}),
        ({"language": "uk"}, {"language": "uk"}),
        ({"source": "newsletter"}, {"source": "newsletter"}),
        ({"why": "price"}, {"why": "price"}),
        ({"days": "1"}, {}),
    ],
)
def test_filters_leave_what_fits(at_desk, asked, fits):
    wanted = BasketWatchFactory(**{"total": 20, "last_activity": timezone.now() - HOUR, **fits})
    other = BasketWatchFactory(total=20, last_activity=timezone.now() - 48 * HOUR)

    assert listed(at_desk, **asked) == [wanted]
    assert set(listed(at_desk)) == {wanted, other}


def test_sites_and_contacts_are_filters_too(at_desk):
    second = InboxFactory(hostname="b.example", name="Second")
    theirs = BasketWatchFactory(inbox=second)
    known = BasketWatchFactory(contact=ContactFactory())

    assert listed(at_desk, site=second.pk) == [theirs]
    assert listed(at_desk, contact="1") == [known]
    assert set(listed(at_desk, site="x", value="-3", days="no", why="no", language="no", tab="no")) == {theirs, known}


def test_what_is_looked_for_stands_in_no_address(at_desk):
    wanted = BasketWatchFactory(order_number="10042", state="ordered", ordered_at=timezone.now())
    BasketWatchFactory()

    response = at_desk.post(reverse("shopchat_desk:search_carts"), {"q": "10042"})

    assert "10042" not in response.url
    assert [row.watch for row in at_desk.get(response.url).context["listing"].rows] == [wanted]


def test_pages_follow_each_other_and_tell_nothing_twice(at_desk, monkeypatch):
    monkeypatch.setattr(carts_listing, "PAGE", 2)
    made = [BasketWatchFactory(last_activity=timezone.now() - n * HOUR) for n in range(3)]
    url = reverse("shopchat_desk:carts")

    first = at_desk.get(url).context["listing"]
    rest = at_desk.get(url + first.further).context["listing"]

    assert [[row.watch for row in part.rows] for part in (first, rest)] == [made[:2], made[2:]]
    assert not rest.further
    assert at_desk.get(url, {"after": "nonsense"}).status_code == 400


def test_the_list_tells_why_nothing_was_sent(at_desk, settings):
    at = timezone.now()
    watch = BasketWatchFactory(state="ordered", ordered_at=at, order_number="1007", how="alone")
    details = {"order": "1007", "at": at.isoformat()}
    TouchFactory(about=watch.ref, state="cancelled", reason="ordered", details=details, planned_for=at)

    shown = at_desk.get(reverse("shopchat_desk:carts"), {"tab": "ordered"}).content.decode()

    assert "not sent: ordered" in shown
    assert "order 1007" in shown
    assert "without us" in shown


def test_the_list_costs_the_same_for_few_and_many(at_desk):
    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed(at_desk)
        return len(queries)

    def some(count):
        for _ in range(count):
            contact = ContactFactory(signed_in=True)
            TouchFactory(about=BasketWatchFactory(contact=contact, user_id_text=str(contact.user_id)).ref)

    some(1)
    cost()
    few = cost()
    some(8)

    assert cost() == few <= 17


def test_the_page_tells_the_whole_story(at_desk, known, anna):
    known.state = "abandoned"
    BasketTransition.objects.create(watch=known, episode=1, from_state="idle", to_state="abandoned", at=timezone.now())
    RecoveryLink.objects.create(
        watch=known,
        episode=1,
        purpose="desk",
        token_hash="x",
        created_at=timezone.now(),
        operator=anna,
        expires_at=timezone.now() + HOUR,
    )
    TouchFactory(about=known.ref, state="dropped", reason="cap_day")

    shown = page(at_desk, known)

    for text in ("Olena Koval", "€199.00", "€240.00", "Tent", "had advertising within the last 24 hours", "Anna"):
        assert text in shown
    assert 'id="sc-write"' in shown


def test_what_the_shop_cannot_do_is_not_offered(at_desk, known, settings):
    assert "sc-send-link" in page(at_desk, known)

    settings.SHOPCHAT = {}

    assert "sc-send-link" not in page(at_desk, known)
    assert do(at_desk, known, **LINK).status_code == 409
    assert not RecoveryLink.objects.exists()


def test_nobody_is_written_to_whom_nobody_knows(at_desk, shop):
    watch = BasketWatchFactory()

    shown = page(at_desk, watch)
    do(at_desk, watch, do="write")

    assert "sc-write" not in shown
    assert "sc-send-link" not in shown
    assert not Conversation.objects.exists()


def test_writing_opens_the_conversation_with_the_basket_in_a_note(at_desk, known):
    response = do(at_desk, known, do="write")
    do(at_desk, known, do="write")

    conversation = Conversation.objects.get(contact=known.contact)
    note = Message.objects.get(conversation=conversation)
    assert response.url.startswith(reverse("shopchat_desk:conversation", args=[conversation.number]))
    assert note.is_private
    assert "2 × Tent" in note.text
    assert "€199.00" in note.text


def test_a_link_is_sent_once_however_often_it_is_pressed(at_desk, known, settings):
    for _ in range(2):
        do(at_desk, known, **LINK)

    message, link = Message.objects.get(kind="reply"), RecoveryLink.objects.get()
    assert message.text.startswith("Here it is:\n")
    assert "/basket/" in message.text
    assert link.purpose == "desk"
    assert link.operator.public_name == "Anna"
    known.refresh_from_db()
    assert known.state == "contacted"


def test_what_was_typed_stays_when_it_is_refused(at_desk, known):
    response = do(at_desk, known, **{**LINK, "text": " ", "client_id": "0" * 20})
    assert response.status_code == 400
    assert "Write a message first." in response.content.decode()

    response = do(at_desk, known, **{**LINK, "text": "My own words", "client_id": "!"})
    assert "My own words" in response.content.decode()
    assert not Message.objects.filter(kind="reply").exists()


def test_the_loser_is_told_who_took_the_task(at_desk, boris):
    watch = BasketWatchFactory(needs_help=True)
    first = signed_in(boris.user)

    do(first, watch, do="take")
    answer = do(at_desk, watch, do="take")

    assert "Boris took this task first." in at_desk.get(answer.url).content.decode()
    do(first, watch, do="finish")
    assert not BasketWatch.objects.get(pk=watch.pk).needs_a_person()


def test_a_basket_is_left_alone_with_a_reason(at_desk, known):
    other = BasketWatchFactory()
    mine, others = TouchFactory(about=known.ref), TouchFactory(about=other.ref)

    assert "Choose why nobody" in do(at_desk, known, do="spare").content.decode()
    do(at_desk, known, do="spare", reason="asked_not_to")

    known.refresh_from_db()
    for touch in (mine, others):
        touch.refresh_from_db()
    assert (known.state, known.reason) == ("suppressed", "asked_not_to")
    assert (mine.state, others.state) == ("cancelled", "planned")
    assert "the customer asked for it" in page(at_desk, known)


def test_an_ordered_basket_is_not_left_alone_any_more(at_desk):
    watch = BasketWatchFactory(state="ordered", ordered_at=timezone.now())

    answer = do(at_desk, watch, do="spare", reason="settled")

    assert "Nobody would be reminded" in at_desk.get(answer.url).content.decode()
    watch.refresh_from_db()
    assert watch.state == "ordered"


def test_who_may_not_see_numbers_cannot_dial(owner, known):
    request = CallbackRequestFactory(contact=known.contact, phone="+380441234821", done=True)
    group = Group.objects.create(name="Helpers")
    group.permissions.set(Permission.objects.filter(codename__in=["access_admin", "answer_conversations"]))
    vira = OperatorFactory().user
    vira.groups.set([group])

    assert "tel:+380441234821" in page(owner, known)
    hidden = page(signed_in(vira), known)
    assert "1234821" not in hidden.replace(" ", "")

    request.state, request.closed_at, request.open_phone = "waiting", None, request.phone
    request.save()
    assert reverse("shopchat_desk:callback", args=[request.number]) in page(signed_in(vira), known)


def test_the_card_knows_the_basket_and_its_story(at_desk, shop):
    user = UserFactory()
    tent = shop.add_product("Tent", price=Money(Decimal("99.50"), "EUR"))
    ref = shop.add_basket([shop.line(tent, 2)], user_id=str(user.pk))
    watch = BasketWatchFactory(ref=ref, user_id_text=str(user.pk), needs_help=True)
    conversation = ConversationFactory(contact=ContactFactory(user=user))
    url = reverse("shopchat_desk:customer", args=[conversation.number])
    at_desk.get(url)

    with CaptureQueriesContext(connection) as queries:
        shown = at_desk.get(url).content.decode()

    assert reverse("shopchat_desk:cart", args=[watch.pk]) in shown
    assert "Payment not completed" in shown
    assert "Needs a person" in shown
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 8


def test_the_card_adds_up_what_was_bought_and_what_came_back(at_desk, shop):
    user = UserFactory()
    for amount, currency in ((100, "EUR"), (50, "EUR"), (900, "UAH")):
        shop.add_order(user_id=str(user.pk), total=Money(Decimal(amount), currency))
    shop.cancel_order(shop.add_order(user_id=str(user.pk), total=Money(Decimal(30), "EUR")).number)
    conversation = ConversationFactory(contact=ContactFactory(user=user))

    shown = at_desk.get(reverse("shopchat_desk:customer", args=[conversation.number])).content.decode()

    for text in ("€150.00", "UAH", "900.00", "3 orders", "€30.00", "1 order cancelled or returned", "since "):
        assert text in shown
