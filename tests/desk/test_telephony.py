"""Telephony accounts in the Wagtail admin."""

import sys

import pytest
from django.contrib.messages import get_messages
from django.core.signals import got_request_exception
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter

from shopchat.callbacks.models import TelephonyAccount
from shopchat.core import http, sealing
from shopchat.core.sealing import unseal
from shopchat.telephony.twilio import Twilio
from tests.factories import InboxFactory, TelephonyAccountFactory, UserFactory
from tests.telephony.provider_server import ProviderServer

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "12345678901234567890123456789012"


@pytest.fixture
def owner(db):
    client = Client()
    client.force_login(UserFactory(superuser=True))
    return client


@pytest.fixture
def inbox(db):
    return InboxFactory()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.4)
    with ProviderServer() as server:
        monkeypatch.setattr(Twilio, "api", server.url)
        monkeypatch.setattr(Twilio, "is_private", True)
        yield server


def fields(inbox, **others):
    """The whole form for Twilio, as a browser would send it."""
    known = {
        "inbox": inbox.pk,
        "backend": "twilio",
        "twilio_account_sid": SID,
        "twilio_auth_token": TOKEN,
        "twilio_key_sid": "",
        "twilio_key_secret": "",
        "caller_id": "+380 44 555-01-00",
        "calls_per_day": "50",
        "is_active": "on",
    }
    return {**known, **others}


ADD = "shopchat_telephony:add"


def add(client, inbox, **others):
    return client.post(reverse(ADD), fields(inbox, **others))


def edit(client, account, **others):
    address = reverse("shopchat_telephony:edit", args=[account.pk])
    return client.post(address, fields(account.inbox, **{"twilio_auth_token": "", **others}))


def errors(response):
    return {name: [str(text) for text in texts] for name, texts in response.context["form"].errors.items()}


def test_an_account_is_stored_sealed(owner, inbox):
    response = add(owner, inbox)

    account = TelephonyAccount.objects.get()
    assert response.status_code == 302
    assert unseal(account.credentials) == {"account_sid": SID, "auth_token": TOKEN, "key_sid": "", "key_secret": ""}
    assert (account.backend, account.caller_id, account.calls_per_day) == ("twilio", "+380445550100", 50)
    assert len(account.secret) > 40
    assert TOKEN not in account.credentials


def test_what_is_stored_is_never_shown(owner, inbox):
    add(owner, inbox)
    account = TelephonyAccount.objects.get()

    page = owner.get(reverse("shopchat_telephony:edit", args=[account.pk])).content.decode()

    assert SID in page
    assert TOKEN not in page
    assert "Stored. Leave it empty to keep it." in page
    assert f"http://testserver/chat/hooks/calls/{account.secret}/" in page


def test_what_was_typed_wrong_is_not_sent_back_either(owner, inbox):
    page = add(owner, inbox, twilio_account_sid="AC1").content.decode()

    assert "AC1" in page
    assert TOKEN not in page


def test_a_secret_that_is_left_empty_is_kept(owner, inbox):
    add(owner, inbox)
    before = TelephonyAccount.objects.get()

    edit(owner, before, calls_per_day="7")

    account = TelephonyAccount.objects.get()
    assert unseal(account.credentials)["auth_token"] == TOKEN
    assert (account.calls_per_day, account.secret) == (7, before.secret)


def test_a_secret_can_be_changed(owner, inbox):
    add(owner, inbox)

    edit(owner, TelephonyAccount.objects.get(), twilio_auth_token="9" * 32)

    assert unseal(TelephonyAccount.objects.get().credentials)["auth_token"] == "9" * 32


def test_another_provider_does_not_inherit_secrets(owner, inbox):
    add(owner, inbox)
    account = TelephonyAccount.objects.get()

    response = edit(owner, account, backend="zadarma", zadarma_key="zd_key_12345", zadarma_secret="")
    assert set(errors(response)) == {"zadarma_secret"}

    edit(owner, account, backend="zadarma", zadarma_key="zd_key_12345", zadarma_secret="zd_secret_1")
    assert unseal(TelephonyAccount.objects.get().credentials) == {
        "key": "zd_key_12345",
        "secret": "zd_secret_1",
        "sip": "",
    }


def test_going_back_to_dialling_by_hand_forgets_the_credentials(owner, inbox):
    add(owner, inbox)

    edit(owner, TelephonyAccount.objects.get(), backend="tel", caller_id="")

    account = TelephonyAccount.objects.get()
    assert (account.backend, account.credentials) == ("tel", "")


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"twilio_account_sid": ""}, "twilio_account_sid", "AC and 32"),
        ({"twilio_auth_token": "short"}, "twilio_auth_token", "32 letters"),
        ({"twilio_key_sid": "SK" + "1" * 32}, "twilio_key_secret", "both or neither"),
        ({"caller_id": ""}, "caller_id", "which number customers see"),
        ({"caller_id": "044 555"}, "caller_id", "+380441234567"),
        ({"backend": "pigeon"}, "backend", "pigeon"),
        ({"calls_per_day": "-1"}, "calls_per_day", "0"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(owner, inbox, wrong, field, says):
    response = add(owner, inbox, **wrong)

    assert list(errors(response)) == [field]
    assert says in errors(response)[field][0]
    assert not TelephonyAccount.objects.exists()


def test_a_site_has_one_account(owner, inbox):
    TelephonyAccountFactory(inbox=inbox)

    assert list(errors(add(owner, inbox))) == ["inbox"]


def test_asterisk_in_the_shops_own_network(owner, inbox):
    entered = {
        "backend": "asterisk",
        "asterisk_url": "http://10.0.0.5:8088",
        "asterisk_username": "shop",
        "asterisk_password": "pbx-password",
        "asterisk_endpoint": "PJSIP/{phone}",
        "asterisk_context": "shopchat-callback",
        "asterisk_webhook_key": "k" * 24,
        "caller_id": "",
    }

    refused = add(owner, inbox, **entered)
    accepted = add(owner, inbox, **entered, asterisk_is_private="on")

    assert list(errors(refused)) == ["asterisk_url"]
    assert accepted.status_code == 302
    assert unseal(TelephonyAccount.objects.get().credentials)["is_private"] == "1"


def test_without_the_extra_it_says_what_to_install(owner, inbox, monkeypatch):
    monkeypatch.setattr(sealing, "_INSTALLED", False)

    assert "pip install" in errors(add(owner, inbox))["backend"][0]


def test_an_account_that_can_no_longer_be_read_says_what_to_do(owner, inbox):
    account = TelephonyAccountFactory(inbox=inbox, credentials="1:nonsense")

    page = owner.get(reverse("shopchat_telephony:edit", args=[account.pk])).content.decode()

    assert "SECRET_KEY_FALLBACKS" in page
    assert edit(owner, account, twilio_auth_token=TOKEN).status_code == 302
    account.refresh_from_db()
    assert unseal(account.credentials)["auth_token"] == TOKEN


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("twilio/account", "accepts these credentials"),
        ("twilio/no-login", "does not accept these credentials"),
        ("twilio/too-many", "no usable answer (busy)"),
    ],
)
def test_the_credentials_are_tried_without_calling_anybody(owner, server, answer, says):
    server.answers(answer)

    response = add(owner, InboxFactory(), **{"try": "1"})

    assert [asked.method for asked in server.asked] == ["GET"]
    assert any(says in str(message) for message in get_messages(response.wsgi_request))


@pytest.mark.django_db(transaction=True)
def test_saving_alone_tries_nothing(owner, server):
    add(owner, InboxFactory())

    assert server.asked == []


def test_the_list_names_the_provider(owner, inbox):
    TelephonyAccountFactory(inbox=inbox)
    TelephonyAccountFactory(inbox=InboxFactory(hostname="b.example.com"), backend="gone")

    page = owner.get(reverse("shopchat_telephony:index")).content.decode()

    assert "Twilio Voice" in page
    assert "unknown (gone)" in page


def test_the_menu_leads_there(owner):
    assert reverse("shopchat_telephony:index") in owner.get(reverse("wagtailadmin_home")).content.decode()


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_report_of_an_error_quotes_no_credentials(owner, inbox, monkeypatch, settings, is_stored):
    settings.DEBUG = False
    reports = []

    def fail(*args, **kwargs):
        raise RuntimeError("the database is away")

    def note(sender, request, **kwargs):
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    address = reverse(ADD)
    if is_stored:
        add(owner, inbox)
        address = reverse("shopchat_telephony:edit", args=[TelephonyAccount.objects.get().pk])
    monkeypatch.setattr(TelephonyAccount, "save", fail)
    owner.raise_request_exception = False
    got_request_exception.connect(note)
    try:
        answer = owner.post(address, fields(inbox))
    finally:
        got_request_exception.disconnect(note)

    assert answer.status_code == 500
    assert len(reports) == 1
    assert "the database is away" in reports[0]
    assert "twilio_auth_token" in reports[0]
    assert TOKEN not in reports[0]
