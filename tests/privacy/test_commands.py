"""The two commands: who is meant, what is asked, and that nobody is told on."""

import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from shopchat.callbacks.models import CallbackRequest
from shopchat.carts.models import BasketWatch
from shopchat.carts.people import email_hash
from shopchat.contacts.models import Contact
from shopchat.privacy.erasing import erase
from shopchat.privacy.exporting import export
from shopchat.privacy.finding import Ambiguous, find, requests_to_call
from tests.factories import (
    BasketWatchFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    ContactFactory,
    ConversationFactory,
    IdentityFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def run(name, *arguments, answer=None, monkeypatch=None):
    out = io.StringIO()
    if answer is not None:
        monkeypatch.setattr("builtins.input", lambda prompt: answer)
    call_command(name, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def secrets(scene):
    return [scene.contact.user.username, scene.identity.value, scene.request.phone, "Their Name", "Green Street"]


WAYS = {
    "user": lambda scene: scene.contact.user.username,
    "email": lambda scene: scene.identity.value.upper(),
    "conversation": lambda scene: scene.conversation.readable_number,
    "callback": lambda scene: scene.request.readable_number,
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_finds_the_person(olena, petro, way):
    written = json.loads(run("shopchat_export", f"--{way}", WAYS[way](olena)))

    assert written["callbacks"][0]["phone"] == olena.request.phone
    assert find(way, WAYS[way](petro)) == petro.contact


@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("user", "nobody@example.test"),
        ("user", ""),
        ("email", "nobody@example.test"),
        ("email", ""),
        ("conversation", "0000-0000"),
        ("conversation", ""),
        ("callback", "C-0"),
        ("callback", ""),
        ("callback", "'; DROP TABLE shopchat_contact"),
        ("phone", "+380440000000"),
        ("phone", ""),
        ("phone", "+"),
        ("phone", "nonsense"),
    ],
)
@pytest.mark.parametrize("command", ["shopchat_export", "shopchat_erase"])
def test_nobody_fits(olena, command, way, text):
    CallbackRequestFactory(phone="", open_phone=None)  # of somebody who was erased

    with pytest.raises(CommandError, match="Nobody fits"):
        run(command, f"--{way}", text, *(["--yes"] if command == "shopchat_erase" else []))

    assert Contact.objects.filter(pk=olena.contact.pk, user__isnull=False).exists()


def test_an_address_that_was_only_typed_is_nobodys(olena):
    IdentityFactory(value="typed@example.test", typed=True, contact=olena.contact)

    assert find("email", "typed@example.test") is None
    assert find("email", olena.identity.value) == olena.contact


@pytest.mark.parametrize("typed", ["+380 44 123-45-67", "(044) 123 45 67", "00380441234567", "+380441234567"])
def test_a_number_as_people_write_it(typed):
    request = CallbackRequestFactory(phone="+380441234567")
    CallbackRulesFactory(inbox=request.inbox, default_region="UA")

    assert requests_to_call(typed) == [request.readable_number]


def test_an_account_by_its_address(db):
    contact = ContactFactory(user=UserFactory(username="olena", email="Olena@Example.test"))

    assert find("user", "olena@example.test") == find("user", "olena") == contact


def test_an_account_of_which_only_a_basket_is_known(olena):
    user, other = UserFactory(), UserFactory()
    BasketWatch.objects.filter(pk=olena.watch.pk).update(contact=None, user_id_text=str(user.pk))

    contact = find("user", user.username)

    assert [basket["reference"] for basket in export(contact)["baskets"]] == [olena.watch.ref]
    assert find("user", other.username) is None
    erase(contact)
    assert (find("user", user.username), BasketWatch.objects.get(pk=olena.watch.pk).state) == (None, "erased")


@pytest.mark.parametrize("command", ["shopchat_export", "shopchat_erase"])
def test_several_who_fit_are_listed_by_their_numbers_and_nothing_is_done(command):
    first, second = (
        CallbackRequestFactory(contact=IdentityFactory(value="shared@example.test", contact=ContactFactory()).contact)
        for _ in range(2)
    )

    with pytest.raises(CommandError) as refused:
        run(command, "--email", "shared@example.test", *(["--yes"] if command == "shopchat_erase" else []))

    text = str(refused.value)
    assert all(f"--callback {request.readable_number}" in text for request in (first, second))
    assert "shared@example.test" not in text
    assert CallbackRequest.objects.exclude(phone="").count() == 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("command", ["shopchat_export", "shopchat_erase"])
def test_a_number_was_only_typed_and_names_nobody(command, count):
    """Not even where one request alone holds it: a stranger may have typed it."""
    requests = [CallbackRequestFactory(phone="+380441234567", open_phone=None) for _ in range(count)]
    later = CallbackRequestFactory(contact=requests[0].contact)
    yes = ["--yes"] if command == "shopchat_erase" else []

    with pytest.raises(CommandError, match="Anybody may have typed this number") as refused:
        run(command, "--phone", "+380441234567", *yes)

    text = str(refused.value)
    assert all(f"--callback {request.readable_number}" in text for request in requests)
    assert later.readable_number not in text
    assert "+380441234567" not in text
    assert CallbackRequest.objects.filter(phone="+380441234567").count() == count

    run(command, "--callback", requests[0].readable_number, *yes)

    left = CallbackRequest.objects.filter(phone="+380441234567").count()
    assert left == (count - 1 if command == "shopchat_erase" else count)


def test_several_who_only_wrote_are_listed_by_their_conversations():
    conversations = [
        IdentityFactory(value="shared@example.test", contact=ConversationFactory().contact) for _ in range(2)
    ]
    IdentityFactory(value="shared@example.test", contact=ContactFactory())

    with pytest.raises(Ambiguous) as several:
        find("email", "shared@example.test")

    numbers = [identity.contact.conversations.get().readable_number for identity in conversations]
    assert several.value.numbers == [
        *(f"--conversation {number}" for number in numbers),
        "--user, by the name of the account",
    ]


def test_one_way_has_to_be_named_and_only_one():
    for arguments in ((), ("--user", "a", "--phone", "1")):
        with pytest.raises(CommandError, match=r"required|not allowed"):
            run("shopchat_export", *arguments)


def test_the_export_says_who_said_what(olena, anna):
    data = export(olena.contact)

    said = [message for talk in data["conversations"] for message in talk["messages"]]
    assert [(one["kind"], one["from"], one["name"], one["about_you_only_for_operators"]) for one in said] == [
        ("inbound", "visitor", "", False),
        ("reply", "operator", "Anna", False),
        ("note", "operator", "", True),
        ("inbound", "visitor", "", False),
    ]
    assert data["callbacks"][0]["consent"]["text"].startswith("I agree")
    assert data["callbacks"][0]["attempts"][0]["note"] == "Their neighbour answered"
    assert data["person"]["account"]["email"] == olena.contact.email
    assert data["deliveries"][0]["to"] == olena.identity.value


def test_the_export_of_somebody_of_whom_little_is_known():
    request = CallbackRequestFactory()

    data = export(request.contact)

    assert (data["person"]["account"], data["callbacks"][0]["consent"], data["addresses"]) == (None, None, [])


def test_the_number_of_queries_does_not_grow(olena, django_assert_num_queries):
    contact = Contact.objects.select_related("user").get(pk=olena.contact.pk)
    with django_assert_num_queries(13):
        export(contact)
    for _ in range(3):
        CallbackRequestFactory(contact=olena.contact, conversation=ConversationFactory(contact=olena.contact))
    with django_assert_num_queries(13):
        assert len(export(contact)["callbacks"]) == 4


def test_the_file_is_for_its_owner_and_nothing_is_overwritten(olena, tmp_path):
    path = tmp_path / "person.json"

    said = run("shopchat_export", "--callback", olena.request.number, "--output", str(path))

    assert said == "Written.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["format"] == "shopchat/1"
    before = path.read_text()
    with pytest.raises(CommandError, match="could not be written"):
        run("shopchat_export", "--callback", olena.request.number, "--output", str(path))
    assert path.read_text() == before


@pytest.mark.parametrize("answer", ["no", "", "y", "ye s"])
def test_without_a_yes_nothing_is_erased(olena, monkeypatch, answer):
    with pytest.raises(CommandError, match="Nothing was erased"):
        run("shopchat_erase", "--callback", olena.request.number, answer=answer, monkeypatch=monkeypatch)

    olena.request.refresh_from_db()
    assert olena.request.name == "Their Name"


def test_where_nobody_can_answer_nothing_is_erased(olena, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(CommandError, match="Nothing was erased"):
        run("shopchat_erase", "--callback", olena.request.number)


@pytest.mark.parametrize("answer", ["yes", " YES "])
def test_it_asks_first_and_tells_counts_only(olena, monkeypatch, caplog, answer):
    said = run("shopchat_erase", "--callback", olena.request.number, answer=answer, monkeypatch=monkeypatch)

    counted = "2 conversations with 4 messages, 1 addresses, 1 browsers, 1 callback requests, 1 baskets"
    assert said == f"There are {counted}.\nErased: {counted}.\n"
    assert not [secret for secret in secrets(olena) if secret in said + caplog.text]
    olena.request.refresh_from_db()
    assert olena.request.name == ""


def test_yes_may_be_said_beforehand(olena):
    said = run("shopchat_erase", "--callback", olena.request.number, "--yes")

    assert said.startswith("Erased: 2 conversations")


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_guest_of_whom_only_a_basket_is_known_is_erased_and_not_exported(olena, answer, monkeypatch):
    watch = BasketWatchFactory(ref="memory:guest", email_hash=email_hash("nina@mail.example"))
    with pytest.raises(CommandError, match="Nobody fits"):
        run("shopchat_export", "--email", "nina@mail.example")

    asked = ["shopchat_erase", "--email", "Nina@mail.example"]
    if answer == "no":
        with pytest.raises(CommandError, match="Nothing was erased"):
            run(*asked, answer=answer, monkeypatch=monkeypatch)
    else:
        said = run(*asked, answer=answer, monkeypatch=monkeypatch)
        assert "0 conversations" in said
        assert "1 baskets" in said
        assert "nina" not in said.lower()

    watch.refresh_from_db()
    assert (watch.erased_at is not None) is (answer == "yes")
    olena.watch.refresh_from_db()
    assert olena.watch.erased_at is None
    if answer == "yes":
        with pytest.raises(CommandError, match="Nobody fits"):
            run(*asked, "--yes")
