"""What providers tell us, as it arrives."""

import logging
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from shopchat.callbacks import calling
from shopchat.callbacks.models import CallAttempt, TelephonyAccount
from shopchat.conversations.models import Message
from shopchat.core.sealing import seal
from tests.factories import CallAttemptFactory, CallbackRequestFactory, InboxFactory, TelephonyAccountFactory
from tests.telephony.recorded import delivery
from tests.telephony.test_asterisk import KEY
from tests.telephony.test_asterisk import sign as sign_as_asterisk
from tests.telephony.test_twilio import SID, signed

SHOP = "https://shop.example.com"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _shop(settings):
    settings.SHOPCHAT = {"BASE_URL": SHOP}


@pytest.fixture
def attempt(db):
    """A call that Twilio was asked for."""
    request = CallbackRequestFactory(inbox=InboxFactory())
    return CallAttemptFactory(request=request, backend="twilio", progress="requested", provider_id="CA1")


@pytest.fixture
def account(attempt):
    return TelephonyAccountFactory(inbox=attempt.request.inbox)


def path_of(account):
    return reverse("shopchat_hooks:calls", args=[account.secret])


def told(attempt, **fields):
    known = {"AccountSid": SID, "ParentCallSid": "CA1", "CallSid": "CA2", "To": attempt.request.phone}
    return {**known, "CallStatus": "completed", "CallDuration": "65", "SequenceNumber": "3", **fields}


def post(account, form, *, query="", url=None, client=None, **extra):
    """As Twilio posts: signed for the address that it was told."""
    headers, body = signed(form, url=url or f"{SHOP}{path_of(account)}{query}")
    client = client or Client(enforce_csrf_checks=True)
    return client.post(path_of(account) + query, body, content_type=FORM, headers=headers, **extra)


def test_a_signed_event_is_taken_over(account, attempt):
    response = post(account, told(attempt), query=f"?call={attempt.pk}")

    attempt.refresh_from_db()
    assert (response.status_code, response.content) == (200, b"")
    assert (attempt.progress, attempt.duration_seconds) == ("ended", 65)


def test_sent_again_it_changes_nothing(account, attempt):
    post(account, told(attempt))
    after = (CallAttempt.objects.values().get(), Message.objects.count())

    assert post(account, told(attempt)).status_code == 200

    assert (CallAttempt.objects.values().get(), Message.objects.count()) == after


def test_out_of_order_it_ends_where_it_ended(account, attempt):
    post(account, told(attempt))

    assert post(account, told(attempt, CallStatus="ringing", SequenceNumber="1")).status_code == 200

    attempt.refresh_from_db()
    assert attempt.progress == "ended"


@pytest.mark.parametrize(
    "extra", [{"HTTP_HOST": "127.0.0.1"}, {"HTTP_X_FORWARDED_PROTO": "http", "HTTP_HOST": "localhost"}]
)
def test_behind_a_proxy_the_address_that_was_told_counts(account, attempt, extra):
    assert post(account, told(attempt), **extra).status_code == 200


def test_a_signature_for_the_host_that_the_sender_names_is_refused(account, attempt):
    forged = f"http://testserver{path_of(account)}"

    assert post(account, told(attempt), url=forged).status_code == 403
    attempt.refresh_from_db()
    assert attempt.progress == "requested"


@pytest.mark.parametrize("change", ["signature", "body", "query"])
def test_a_wrong_signature_stores_nothing_and_logs_nothing_of_it(account, attempt, caplog, change):
    headers, body = signed(told(attempt), url=f"{SHOP}{path_of(account)}")
    before = (CallAttempt.objects.values().get(), Message.objects.count())
    path = path_of(account) + ("?call=1" if change == "query" else "")
    if change == "signature":
        headers = {"X-Twilio-Signature": "AAAA"}
    elif change == "body":
        body += b"&CallDuration=999"

    with caplog.at_level(logging.DEBUG):
        response = Client().post(path, body, content_type=FORM, headers=headers)

    assert (response.status_code, response.content) == (403, b"")
    assert (CallAttempt.objects.values().get(), Message.objects.count()) == before
    ours = repr([record.getMessage() for record in caplog.records if not record.name.startswith("django.db")])
    assert f"account {account.pk} was not signed" in ours
    assert not [text for text in (attempt.request.phone[1:], account.secret, "CallDuration") if text in ours]


def test_an_unknown_event_is_answered_and_forgotten(account, attempt):
    response = post(account, told(attempt, CallStatus="dancing"))

    attempt.refresh_from_db()
    assert (response.status_code, attempt.progress) == (200, "requested")


def test_an_event_of_nobodys_call_is_answered_and_forgotten(account, attempt):
    assert post(account, told(attempt, ParentCallSid="CA99")).status_code == 200
    attempt.refresh_from_db()
    assert attempt.progress == "requested"


def test_an_address_that_is_none_is_not_found(account, attempt):
    path = reverse("shopchat_hooks:calls", args=["x" * 43])

    assert Client().post(path, b"", content_type=FORM).status_code == 404


def test_too_much_is_not_read(account, attempt):
    sent = urlencode(told(attempt, Extra="x" * 70_000))

    assert Client().post(path_of(account), sent, content_type=FORM).status_code == 413


def test_a_limit_of_the_shops_own_that_is_lower_holds(account, attempt, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert Client().post(path_of(account), b"x" * 2000, content_type=FORM).status_code == 413


@pytest.mark.parametrize("method", ["put", "delete", "head", "patch"])
def test_other_methods_are_refused_and_their_address_is_not_logged(account, method, caplog):
    assert getattr(Client(), method)(path_of(account)).status_code == 405
    assert account.secret not in caplog.text


def test_an_account_that_cannot_be_read_says_so_in_the_log(account, attempt, caplog):
    TelephonyAccount.objects.update(credentials="1:nonsense")

    assert post(account, told(attempt)).status_code == 503
    assert "cannot_unseal" in caplog.text
    assert account.secret not in caplog.text


def test_an_account_out_of_use_still_hears_how_its_calls_end(account, attempt):
    TelephonyAccount.objects.update(is_active=False)

    post(account, told(attempt))

    attempt.refresh_from_db()
    assert attempt.progress == "ended"


def test_a_mistake_of_ours_reports_neither_the_address_nor_what_was_sent(
    account, attempt, monkeypatch, caplog, settings
):
    settings.ADMINS = [("Admin", "admin@example.test")]

    def broken(event, account):
        raise ZeroDivisionError(f"{event.customer} {account.secret}")

    monkeypatch.setattr(calling, "apply", broken)

    with caplog.at_level(logging.DEBUG):
        response = post(account, told(attempt), client=Client(raise_request_exception=False))

    ours = repr([(record.getMessage(), record.exc_info) for record in caplog.records])
    assert response.status_code == 500
    assert "ZeroDivisionError" in ours
    assert not [text for text in (attempt.request.phone[1:], account.secret) if text in ours]
    assert mail.outbox == []


def test_the_answer_is_quick(account, attempt, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        post(account, told(attempt))


class TestZadarma:
    @pytest.fixture
    def account(self, attempt):
        CallAttempt.objects.update(backend="zadarma", provider_id="")
        secrets = {"key": "zd_key_12345", "secret": "zd_secret_9f8e7d"}
        return TelephonyAccountFactory(inbox=attempt.request.inbox, backend="zadarma", credentials=seal(secrets))

    def test_the_handshake_is_answered(self, account):
        response = Client().get(path_of(account), {"zd_echo": "pong123"})

        assert (response.status_code, response.content) == (200, b"pong123")
        assert response["Content-Type"].startswith("text/plain")
        assert response["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("query", [{}, {"zd_echo": "<script>alert(1)</script>"}])
    def test_nothing_else_is_echoed(self, account, query):
        response = Client().get(path_of(account), query)

        assert (response.status_code, response.content) == (405, b"")

    @pytest.mark.parametrize("name", ["zadarma/out-end", "zadarma/in-start", "zadarma/wrong-signature"])
    def test_recorded_events_are_answered_as_they_should_be(self, account, attempt, name):
        attempt.request.phone = "+79000000101"
        attempt.request.save()
        (headers, body, _query, _url), case = delivery(name)

        response = Client().post(path_of(account), body, content_type=FORM, headers={"Signature": headers["Signature"]})

        attempt.refresh_from_db()
        assert response.status_code == case["http"]
        ended = name == "zadarma/out-end"
        assert (attempt.progress, attempt.provider_id) == (("ended", "out_abc1") if ended else ("requested", ""))
        assert attempt.duration_seconds == (65 if ended else None)


class TestAsterisk:
    @pytest.fixture
    def account(self, attempt):
        CallAttempt.objects.update(backend="asterisk", provider_id=f"shopchat-{attempt.pk}")
        secrets = {"url": "https://pbx.example.com", "username": "a", "password": "b", "webhook_key": KEY}
        return TelephonyAccountFactory(inbox=attempt.request.inbox, backend="asterisk", credentials=seal(secrets))

    def test_a_call_is_followed_to_its_end(self, account, attempt):
        seen = []
        for body in ("status=ringing", "status=answered", "status=ended&dialstatus=ANSWER&seconds=65"):
            sent = f"call={attempt.pk}&{body}".encode()
            Client().post(path_of(account), sent, content_type=FORM, headers=sign_as_asterisk(sent))
            attempt.refresh_from_db()
            seen.append((attempt.progress, attempt.duration_seconds))

        assert seen == [("ringing", None), ("answered", None), ("ended", 65)]

    def test_nobody_is_greeted(self, account):
        assert Client().get(path_of(account), {"zd_echo": "pong"}).status_code == 405
