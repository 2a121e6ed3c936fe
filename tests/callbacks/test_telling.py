"""Mails to customers about their requests."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.test import override_settings

from shopchat.callbacks import changing, happenings, links, telling, working
from shopchat.callbacks.happenings import happened
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.contacts import confirming
from shopchat.conversations import delivery
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Delivery
from tests.factories import (
    CallbackRequestFactory,
    CallbackRulesFactory,
    ContactFactory,
    IdentityFactory,
    OperatorFactory,
    client_id,
)

pytestmark = pytest.mark.django_db

# A Monday, 10:00 in Kyiv.
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WORDS = {"name": "Olena", "about": "my card is 4111", "subject_label": "Tent & pegs"}


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def request_():
    """Waits for a call at 10:30; the customer has a proven address."""
    CallbackRulesFactory()
    request = CallbackRequestFactory(number="4821", due_at=NOW + timedelta(minutes=30), **WORDS)
    IdentityFactory(contact=request.contact, value="olena@mail.example")
    return request


def say(request, event, **told):
    return happened(request, event, at=NOW, **told)


def send():
    delivery.send_due()
    return mail.outbox


def no_answer(request):
    working.record(request, OperatorFactory(), attempt=None, outcome="no_answer", client_id=client_id())


@pytest.mark.parametrize(
    ("event", "subject", "says"),
    [
        ("callback_asked", "testserver will call you: callback C-4821", "testserver will call you on November 23"),
        ("callback_moved", "testserver will call you: callback C-4821", "testserver will call you on November 23"),
        ("callback_tried", "testserver could not reach you: callback C-4821", "We will try again on November 23"),
        ("callback_late", "testserver is late with your call: callback C-4821", "We will call you on November 23"),
    ],
)
def test_what_the_line_says_is_mailed_with_a_way_to_change_it(request_, event, subject, says):
    say(request_, event)

    message = send()[0]

    html = message.alternatives[0][0]
    assert (message.to, message.subject) == (["olena@mail.example"], subject)
    assert f"{says} between 10:30 and 11:00" in message.body
    assert f"{says} between 10:30 and 11:00" in html
    token = re.search(r"http://testserver/chat/callback/r/([^/]+)/\?lang=en\n", message.body)[1]
    assert links.request_of(token) == request_
    assert f'href="http://testserver/chat/callback/r/{token}/?lang=en"' in html
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = message.extra_headers["List-Unsubscribe"][1:-1]
    assert stop.startswith("http://testserver/chat/mail/stop/")
    assert stop in message.body


def test_nothing_that_anybody_wrote_is_in_a_mail(request_):
    for event in happenings._PUBLIC:
        say(request_, event, outcome="no_answer")
        sent = send()

    assert len(sent) == 5
    for message in sent:
        whole = f"{message.subject} {message.body} {message.alternatives[0][0]}"
        for private in ("Olena", "4111", "Tent", request_.phone, request_.phone_tail):
            assert private not in whole


@pytest.mark.parametrize("event", ["callback_taken", "callback_called", "callback_off", "callback_soon"])
def test_other_lines_are_enough(request_, event):
    say(request_, event, minutes=2)
    assert not Delivery.objects.exists()

    say(request_, "callback_asked")

    assert Delivery.objects.exists()


@pytest.mark.parametrize(("outcome", "mailed"), [("no_answer", True), ("busy", True), ("talked", False)])
def test_giving_up_is_mailed_and_a_talk_is_not(request_, outcome, mailed):
    CallbackRules.objects.update(max_repeats=0)
    CallbackRequest.objects.update(due_at=NOW)
    request_.refresh_from_db()

    working.record(request_, OperatorFactory(), attempt=None, outcome=outcome, result="helped", client_id=client_id())

    sent = send()
    assert len(sent) == mailed
    if mailed:
        assert "will not call again by ourselves (request C-4821)" in sent[0].body
        assert f"http://testserver/chat/?lang=en&c={request_.conversation.number}" in sent[0].body
        assert "/callback/r/" not in sent[0].body
        assert "/callback/r/" not in sent[0].alternatives[0][0]


@pytest.mark.parametrize("address", [{"typed": True}, {"stopped": True}, {"channel": "sms"}, {"contact": None}])
def test_only_to_a_proven_address_of_theirs_that_takes_mail(address):
    request = CallbackRequestFactory()
    fields = {"contact": request.contact, **address}
    IdentityFactory(**{**fields, "contact": fields["contact"] or ContactFactory()})
    say(request, "callback_asked")
    assert not Delivery.objects.exists()

    IdentityFactory(contact=request.contact)
    say(request, "callback_asked")

    assert Delivery.objects.count() == 1


def test_a_shop_that_did_not_say_where_it_is_sends_none(request_):
    with override_settings(WAGTAILADMIN_BASE_URL=""):
        say(request_, "callback_asked")
        assert not Delivery.objects.exists()

    say(request_, "callback_asked")

    assert Delivery.objects.exists()


def test_a_shop_may_leave_out_who_was_not_reached(request_):
    CallbackRules.objects.update(tells_unreached=False)

    say(request_, "callback_tried")
    assert not Delivery.objects.exists()
    say(request_, "callback_late")

    assert Delivery.objects.count() == 1


def take_another_time(request):
    CallbackRequest.objects.filter(pk=request.pk).update(promised_until=NOW + timedelta(days=1))


def call_it_off(request):
    changing.cancel(request)


def stop_mails(request):
    confirming.stop_addresses(request.contact)


def sign_in(request):
    CallbackRequest.objects.filter(pk=request.pk).update(contact=ContactFactory())


def keep_it_from_them(request):
    CallbackRules.objects.update(tells_unreached=False)


def erase(request):
    CallbackRequest.objects.filter(pk=request.pk).update(number="9999")


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (take_another_time, "overtaken"),
        (call_it_off, "overtaken"),
        (erase, "overtaken"),
        (stop_mails, "stopped"),
        (sign_in, "moved"),
        (keep_it_from_them, "off"),
    ],
)
def test_what_is_no_longer_wanted_when_its_turn_comes_is_dropped(request_, happens, reason):
    say(request_, "callback_tried")
    row = Delivery.objects.get()
    assert telling.why_not(row) == ""

    happens(request_)
    delivery.send_due()

    row.refresh_from_db()
    assert (row.state, row.reason) == ("dropped", reason)
    assert mail.outbox == []
    assert str(kind_of(row.kind).reasons[reason])


def test_who_comes_back_to_an_earlier_time_gets_the_mail_that_says_so(request_):
    first, other = request_.promised_until, NOW + timedelta(days=1)
    for until in (first, other, first):
        CallbackRequest.objects.update(promised_until=until)
        request_.refresh_from_db()
        say(request_, "callback_moved")
        send()

    assert ["between 10:30 and 11:00" in message.body for message in mail.outbox] == [True, False, True]


def test_of_confirmations_that_wait_only_the_latest_leaves(request_):
    first, other = request_.promised_until, NOW + timedelta(days=1)
    say(request_, "callback_asked")
    for until in (other, first, other, first):
        CallbackRequest.objects.update(promised_until=until)
        request_.refresh_from_db()
        say(request_, "callback_moved")

    send()

    found = list(Delivery.objects.order_by("pk").values_list("state", "reason"))
    assert found == [("dropped", "overtaken")] * 4 + [("sent", "")]
    assert "between 10:30 and 11:00" in mail.outbox[0].body


def test_other_lines_and_other_requests_overtake_no_confirmation(request_):
    other = CallbackRequestFactory(number="7777", contact=request_.contact, conversation=request_.conversation)
    say(request_, "callback_asked")
    say(request_, "callback_taken")
    say(other, "callback_asked")

    sent = send()

    assert ["C-4821" in message.subject for message in sent] == [True, False]


def test_news_that_a_call_failed_is_told_though_a_time_is_confirmed_later(request_):
    say(request_, "callback_tried")
    say(request_, "callback_moved")

    assert len(send()) == 2


@pytest.mark.parametrize("language", ["en", "ru", "uk", ""])
def test_the_mail_is_in_the_customers_language(request_, language):
    CallbackRequest.objects.update(language=language)
    request_.conversation.language = "uk"
    request_.conversation.save()
    request_.inbox.texts = {"uk": {"shop": "Черевики <і намети>"}}
    request_.inbox.save()
    request_.refresh_from_db()
    say(request_, "callback_tried")

    message = send()[0]

    html = message.alternatives[0][0]
    assert f'lang="{language or "uk"}"' in html
    if language in {"uk", ""}:
        assert "Черевики <і намети>" in message.subject
        assert "23 листопада" in message.body


def test_an_address_in_text_is_not_escaped(request_):
    request_.conversation.language = "uk"
    say(request_, "callback_asked")

    assert "&amp;" not in send()[0].body
