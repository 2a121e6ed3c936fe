"""Whose conversation is whose: other people's are not found, by any route, before and after log-ins and log-outs."""

import pytest

from shopchat.contacts.models import Contact
from shopchat.conversations.models import Conversation, Message
from shopchat.visitors.models import Visitor
from tests.factories import OperatorFactory, UserFactory, client_id, reply
from tests.widget.conftest import Browser
from tests.widget.reading import texts

KEY = "shopchat_visitor"


@pytest.fixture
def conversation(writer):
    return Conversation.objects.get()


def operator_browser():
    browser = Browser()
    browser.force_login(OperatorFactory().user)
    return browser


def another_writer():
    browser = Browser()
    browser.write("Somebody else's")
    return browser


def signed_in(user=None):
    browser = Browser()
    browser.force_login(user or UserFactory())
    return browser


ROUTES = {
    "page": lambda browser, number: browser.get("/chat/", {"c": number}),
    "updates": lambda browser, number: browser.get(f"/chat/c/{number}/updates/", {"after": 0}),
    "older": lambda browser, number: browser.get(f"/chat/c/{number}/older/", {"before": 9}),
    "seen": lambda browser, number: browser.form(f"/chat/c/{number}/seen/", up_to=1),
    "typing": lambda browser, number: browser.form(f"/chat/c/{number}/typing/", on=1),
    "ticket": lambda browser, number: browser.get("/chat/ticket/", {"c": number}),
    "messages": lambda browser, number: browser.write("Intruding", conversation=number),
    "form": lambda browser, number: browser.form("/chat/", text="Hi", client_id=client_id(), conversation=number),
}
OTHERS = {
    "anonymous": Browser,
    "another visitor": another_writer,
    "another customer": signed_in,
    "an operator in the store": operator_browser,
    "a superuser in the store": lambda: signed_in(UserFactory(superuser=True)),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("who", OTHERS)
def test_somebody_elses_conversation_is_not_found(writer, conversation, route, who):
    assert ROUTES[route](writer, conversation.number).status_code < 400
    before = Message.objects.filter(conversation=conversation).count()

    theirs = ROUTES[route](OTHERS[who](), conversation.number)
    nobodys = ROUTES[route](OTHERS[who](), "12345678")

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content or route in ("page", "form")
    assert "The first message" not in theirs.content.decode()
    assert Message.objects.filter(conversation=conversation).count() == before


@pytest.mark.parametrize("key", ["", " ", "null", "0", "x", "a" * 10_000, "'; DROP TABLE"])
def test_a_made_up_key_opens_nothing(writer, conversation, stranger, key):
    stranger.cookies[KEY] = key

    assert ROUTES["updates"](stranger, conversation.number).status_code == 404
    assert ROUTES["page"](stranger, "").status_code == 200


def test_a_dead_key_is_taken_from_the_browser(stranger):
    stranger.cookies[KEY] = "long gone"

    response = stranger.get("/chat/")

    assert response.cookies[KEY]["max-age"] == 0
    assert response.cookies[KEY]["path"] == "/chat/"


@pytest.mark.parametrize("start", ["", "forged", "a:b:c", "x" * 5000])
def test_a_made_up_start_begins_somebody_new(writer, stranger, start):
    assert stranger.write("Hello", start=start).status_code == 201

    assert Conversation.objects.count() == 2


def test_a_start_that_was_used_and_confirmed_is_worth_nothing(writer, conversation, stranger):
    """Whoever saw the page's source later cannot become its visitor."""
    writer.open()  # the cookie comes back, and the start dies
    fresh = Browser()
    fresh.open()
    used = fresh.start
    fresh.write("Mine")
    fresh.open()

    stranger.write("Yours", start=used)

    assert texts(fresh.open()) == ["Mine"]
    assert texts(stranger.open()) == ["Yours"]


# --- log-in and log-out -------------------------------------------------------------------------------------------------


def test_what_a_visitor_wrote_joins_the_account_at_log_in(writer, conversation):
    user = UserFactory()
    writer.force_login(user)

    response = writer.open()

    conversation.refresh_from_db()
    assert conversation.contact.user == user
    assert texts(response) == ["The first message"]
    assert response.cookies[KEY]["max-age"] == 0
    assert not Visitor.objects.exists()


def test_the_browser_is_told_which_scope_joined_which(writer, conversation):
    before = writer.get("/chat/state/").json()["scope"]
    writer.force_login(UserFactory())

    response = writer.get("/chat/state/")
    later = writer.get("/chat/state/")

    state = response.json()
    assert state["joined"] == before
    assert response.headers["X-Shopchat-Joined"] == f"{before} {state['scope']}"
    assert later.json()["joined"] == ""
    assert "X-Shopchat-Joined" not in later.headers


def test_a_copy_of_the_key_is_worth_nothing_after_the_log_in(writer, conversation, stranger):
    stranger.cookies[KEY] = writer.cookies[KEY].value
    assert texts(stranger.open()) == ["The first message"]
    stranger.cookies[KEY] = writer.cookies[KEY].value

    writer.force_login(UserFactory())
    writer.write("My order number is 100012")

    assert ROUTES["updates"](stranger, conversation.number).status_code == 404
    assert texts(stranger.open()) == []


def test_a_planted_key_shows_the_planter_nothing_of_the_account(db):
    """Somebody puts their own key into the victim's browser and waits for the log-in."""
    planter = another_writer()
    victim = Browser()
    victim.cookies[KEY] = planter.cookies[KEY].value
    victim.force_login(UserFactory())

    victim.open()
    victim.write("My address is a secret")

    assert "secret" not in "".join(texts(planter.open()))
    assert planter.get("/chat/state/").json()["unread"] == 0


def test_an_account_finds_its_conversation_on_another_device(db):
    user = UserFactory()
    signed_in(user).write("From the phone")

    assert texts(signed_in(user).open()) == ["From the phone"]


def test_an_account_needs_no_cookie_of_ours(db):
    browser = signed_in()

    response = browser.write("Hello")

    assert KEY not in response.cookies
    assert not Visitor.objects.exists()


def test_a_log_out_leaves_nothing_behind(db):
    browser = signed_in()
    browser.write("Private")
    number = Conversation.objects.get().number
    scope = browser.get("/chat/state/").json()["scope"]

    browser.logout()

    assert texts(browser.open()) == []
    assert browser.get("/chat/state/").json() == {"scope": "", "joined": "", "unread": 0, "ticket": "", "etag": ""}
    assert ROUTES["updates"](browser, number).status_code == 404
    assert scope


def test_after_a_log_out_somebody_else_begins_anew(db):
    browser = signed_in()
    browser.write("Mine")
    browser.logout()

    browser.open()
    browser.write("Somebody else's")

    assert texts(browser.open()) == ["Somebody else's"]
    assert Conversation.objects.count() == 2
    assert Contact.objects.filter(user=None).count() == 1


def test_scopes_tell_people_apart_and_tell_nothing(db):
    one, other = signed_in(), signed_in()

    scopes = {browser.get("/chat/state/").json()["scope"] for browser in (one, other, one)}

    assert len(scopes) == 2
    assert all(len(scope) == 20 for scope in scopes)


def test_nobody_reads_anything_that_was_written_for_another(writer, conversation, stranger):
    reply(conversation, OperatorFactory(), "For you alone")
    stranger.write("Hello")
    assert "For you alone" in writer.open().content.decode()

    answers = [stranger.get(url) for url in ("/chat/", "/chat/conversations/", "/chat/state/", "/chat/answering/")]

    assert not any("For you alone" in answer.content.decode() for answer in answers)
    assert not any(conversation.number in answer.content.decode() for answer in answers)
