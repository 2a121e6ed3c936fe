"""Every address of ours has a rule, and the rule holds for everybody who may try it."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Group, Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from shopchat.callbacks.models import CallAttempt, CallbackRequest, CallbackRules, TelephonyAccount
from shopchat.carts.models import BasketWatch, CartRules, CartStep
from shopchat.conversations.models import Delivery
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator, Schedule
from shopchat.touches import suppressing
from shopchat.touches.models import Suppression, TouchRules
from tests.factories import (
    BasketWatchFactory,
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    CartRulesFactory,
    ConversationFactory,
    DeliveryFactory,
    InboxFactory,
    OperatorFactory,
    TelephonyAccountFactory,
    UserFactory,
    note,
    receive,
    reply,
    visitor_with_key,
)

# Who may see what an address answers.
EVERYBODY = "everybody; answers with what the caller's own browser may know"
OPERATORS = "operators"
OWNERS = "those with Wagtail's permission for the model"
EDITORS = "whoever may enter the admin; names of widgets only"
SIGNED = (
    "whoever signs what they send, and knows the address where it has a secret; see tests/telephony, tests/webhooks"
)
OWN_CONVERSATION = "the contact of this conversation"

RULES = {
    r"shopchat:(poll|stream)": EVERYBODY,
    r"shopchat_widget:(page|launcher|messages|answering|conversations|state|ticket|address|address_box|reminders)": EVERYBODY,
    r"shopchat_widget:(confirm|stop)": EVERYBODY,  # whoever holds the link of a mail; it opens no conversation
    r"shopchat_widget:(callback|callback_slots)": EVERYBODY,
    r"shopchat_widget:(offer|offer_script|offer_show|offer_page|offer_answer)": EVERYBODY,
    r"shopchat_widget:(callback_request|callback_slots_by_link)": EVERYBODY,  # whoever holds the link of one request
    r"shopchat_widget:basket": EVERYBODY,  # whoever holds the link to it; it shows lines and no person
    r"shopchat_widget:(updates|older|seen|typing)": OWN_CONVERSATION,
    r"shopchat_hooks:\w+": SIGNED,
    r"shopchat_desk:\w+": OPERATORS,
    r"shopchat_(operators|hours|widgets|callback_rules|telephony|cart_rules|suppressions):\w+": OWNERS,
    r"wagtailsnippetchoosers_shopchat_widgetlook:\w+": EDITORS,
}
SECRET_TEXTS = (
    "the customers question",
    "the operators note",
    "the operators answer",
    "what the call is about",
    "what is in the basket",
)


def addresses(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Names (with namespaces) and patterns of everything in the project's URLconf."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))
        else:
            yield namespace + (entry.name or "?"), entry


def ours() -> list[tuple[str, URLPattern]]:
    def is_ours(name: str, pattern: URLPattern) -> bool:
        view = getattr(pattern.callback, "view_class", pattern.callback)
        return "shopchat" in name or view.__module__.startswith("shopchat")

    return [(name, pattern) for name, pattern in addresses() if is_ours(name, pattern)]


def rule_of(name: str) -> str | None:
    return next((rule for pattern, rule in RULES.items() if re.fullmatch(pattern, name)), None)


def address(name: str, pattern: URLPattern, scene: SimpleNamespace) -> str:
    """The address with the ids of things that exist, so that a refusal is a refusal and not "no such thing"."""
    values = {
        "number": scene.conversation.number,
        "callback": scene.callback.number,
        "basket": scene.basket.pk,
        "deed": "close",
        "language": "en",
        "token": "forged",
        "secret": scene.account.secret,
        "pk": {
            "shopchat_operators": scene.anna.pk,
            "shopchat_hours": scene.rules.schedule.pk,
            "shopchat_callback_rules": scene.rules.pk,
            "shopchat_telephony": scene.account.pk,
            "shopchat_cart_rules": scene.cart_rules.pk,
            "shopchat_suppressions": scene.suppressed.pk,
        }.get(name.split(":")[0], scene.delivery.pk if "delivery" in name else scene.conversation.inbox.pk),
    }
    return reverse(
        name, kwargs={key: values[key] for key in pattern.pattern.converters | pattern.pattern.regex.groupindex}
    )


@pytest.fixture
def scene(db):
    """A conversation with something to hide in it."""
    inbox = InboxFactory()
    visitor, key = visitor_with_key()
    conversation = ConversationFactory(contact=visitor.contact, inbox=inbox)
    anna = OperatorFactory()
    receive(conversation, SECRET_TEXTS[0])
    note(conversation, anna, SECRET_TEXTS[1])
    reply(conversation, anna, SECRET_TEXTS[2])
    conversation.refresh_from_db()
    delivery = DeliveryFactory(conversation=conversation, failed=True)
    callback = CallbackRequestFactory(conversation=conversation, contact=conversation.contact, about=SECRET_TEXTS[3])
    conversation.refresh_from_db()
    things = {"callback": callback, "delivery": delivery, "rules": CallbackRulesFactory(inbox=inbox)}
    things["basket"] = BasketWatchFactory(inbox=inbox, contact=conversation.contact, needs_help=True)
    things["basket"].lines[0]["title"] = SECRET_TEXTS[4]
    things["basket"].save()
    things["cart_rules"] = CartRulesFactory(inbox=inbox)
    things["suppressed"] = suppressing.suppress("email", "nobody@example.test", Suppression.Reason.UNSUBSCRIBED)
    things["account"] = TelephonyAccountFactory(inbox=inbox)
    CallAttemptFactory(request=callback, backend="twilio", progress="requested")
    return SimpleNamespace(conversation=conversation, anna=anna, key=key, **things)


def somebody(role: str, scene: SimpleNamespace) -> Client:
    client = Client()
    if role == "operator":
        client.force_login(scene.anna.user)
    elif role == "customer":
        client.force_login(UserFactory())
    elif role == "editor":
        client.force_login(editor())
    elif role == "other visitor":
        client.cookies["shopchat_visitor"] = visitor_with_key()[1]
    elif role == "this visitor":
        client.cookies["shopchat_visitor"] = scene.key
    return client


def editor():
    """May enter the Wagtail admin and nothing of ours."""
    group = Group.objects.create(name="Editors of pages")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    user = UserFactory()
    user.groups.add(group)
    return user


def attempts(client: Client, path: str) -> Iterator[HttpResponse]:
    """Asking and sending, with fields that would mean something to somebody entitled."""
    do = "take" if "/carts/" in path else "close"
    fields = {"after": 0, "before": 99, "up_to": 3, "text": "Hello", "client_id": "0" * 32, "do": do}
    yield client.get(path, fields, headers={"Accept": "text/html"})
    yield client.post(path, urlencode(fields), content_type="application/x-www-form-urlencoded")


def state(scene: SimpleNamespace) -> tuple[object, ...]:
    """Everything a refused call must leave as it was."""
    scene.conversation.refresh_from_db()
    conversation = scene.conversation
    return (
        conversation.last_seq,
        conversation.state,
        conversation.assignee,
        conversation.contact_seen_seq,
        list(Operator.objects.values()),
        list(Inbox.objects.values()),
        list(CallbackRules.objects.values()),
        list(Schedule.objects.values()),
        list(Delivery.objects.values()),
        list(CallbackRequest.objects.values()),
        list(CallAttempt.objects.values()),
        list(TelephonyAccount.objects.values()),
        list(BasketWatch.objects.values()),
        list(CartRules.objects.values()),
        list(CartStep.objects.values()),
        list(TouchRules.objects.values()),
        list(Suppression.objects.values()),
    )


def test_every_address_has_a_rule():
    names = [name for name, _ in ours()]

    assert len(names) > 40
    assert [name for name in names if rule_of(name) is None] == []


def test_the_walk_would_find_an_address_without_a_rule():
    assert rule_of("shopchat_widget:export_everything") is None


@pytest.mark.parametrize("role", ["anonymous", "customer", "other visitor", "this visitor", "editor"])
def test_nobody_but_operators_gets_into_the_desk(scene, role):
    client, before = somebody(role, scene), state(scene)

    for name, pattern in ours():
        if rule_of(name) != OPERATORS:
            continue
        for response in attempts(client, address(name, pattern, scene)):
            assert response.status_code in (302, 403), (name, response.status_code)
            assert not any(text in response.content.decode() for text in SECRET_TEXTS), name

    assert state(scene) == before


@pytest.mark.parametrize("role", ["anonymous", "customer", "editor", "operator"])
def test_operators_do_not_edit_what_owners_edit(scene, role):
    client, before = somebody(role, scene), state(scene)

    for name, pattern in ours():
        if rule_of(name) != OWNERS:
            continue
        for response in attempts(client, address(name, pattern, scene)):
            # History and usage of a thing that Wagtail does not track may be absent for everybody.
            assert response.status_code in (302, 403, 404, 405), (name, response.status_code)

    assert state(scene) == before


@pytest.mark.parametrize("role", ["anonymous", "customer", "other visitor", "editor", "operator"])
def test_somebody_elses_conversation_is_not_found(scene, role):
    client, before = somebody(role, scene), state(scene)

    for name, pattern in ours():
        if rule_of(name) != OWN_CONVERSATION:
            continue
        for response in attempts(client, address(name, pattern, scene)):
            assert response.status_code in (404, 405), (name, response.status_code)
            assert not any(text in response.content.decode() for text in SECRET_TEXTS), name

    assert state(scene) == before


@pytest.mark.parametrize("role", ["anonymous", "customer", "operator"])
def test_what_is_not_signed_changes_nothing(scene, role, settings):
    options = {"API_URL": "https://saleor.example.test/graphql/", "APP_TOKEN": "token"}
    store = {"BACKEND": "shopchat.stores.saleor.SaleorStore", "OPTIONS": options}
    settings.SHOPCHAT = {**getattr(settings, "SHOPCHAT", {}), "STORE": store}
    client, before = somebody(role, scene), state(scene)
    paths = [address(name, pattern, scene) for name, pattern in ours() if rule_of(name) == SIGNED]

    statuses = {response.status_code for path in paths for response in attempts(client, path)}

    assert statuses == {403, 405}
    assert state(scene) == before


@pytest.mark.parametrize("role", ["anonymous", "customer", "other visitor", "editor", "operator"])
def test_public_addresses_tell_nobody_of_others(scene, role):
    client = somebody(role, scene)

    for name, pattern in ours():
        if rule_of(name) != EVERYBODY:
            continue
        response = client.get(address(name, pattern, scene), {"c": scene.conversation.number})
        text = response.content.decode()
        assert not any(secret in text for secret in (*SECRET_TEXTS, scene.conversation.number)), name


def test_the_rules_can_let_somebody_in(scene):
    """Else all refusals above would prove nothing."""
    here = scene.conversation.number
    operator, visitor = somebody("operator", scene), somebody("this visitor", scene)

    desk = operator.get(reverse("shopchat_desk:newer", args=[here]), {"after": 0}).content.decode()
    widget = visitor.get(reverse("shopchat_widget:updates", args=[here]), {"after": 0}).content.decode()

    assert [text in desk for text in SECRET_TEXTS] == [True, True, True, False, False]
    assert [text in widget for text in SECRET_TEXTS] == [True, False, True, False, False]
    assert SECRET_TEXTS[3] in operator.get(reverse("shopchat_desk:callbacks")).content.decode()
    assert SECRET_TEXTS[4] in operator.get(reverse("shopchat_desk:carts")).content.decode()
    assert SECRET_TEXTS[4] in operator.get(reverse("shopchat_desk:cart", args=[scene.basket.pk])).content.decode()
    owner = Client()
    owner.force_login(UserFactory(superuser=True))
    assert owner.get(reverse("shopchat_operators:edit", args=[scene.anna.pk])).status_code == 200
