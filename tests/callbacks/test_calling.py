"""Calls that a provider makes: asked for at most once, then followed by what it tells."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone, translation

from shopchat.callbacks import accounts, call_words, calling
from shopchat.callbacks.models import CallAttempt, CallbackRequest, TelephonyAccount
from shopchat.conversations.models import Message
from shopchat.core import http, sealing
from shopchat.core.sealing import seal
from shopchat.telephony.base import CallEvent, Leg, Progress
from shopchat.telephony.twilio import Twilio
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    InboxFactory,
    OperatorFactory,
    TelephonyAccountFactory,
)
from tests.races import at_once
from tests.telephony.provider_server import ProviderServer

SID = "CA11111111111111111111111111111111"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.4)
    with ProviderServer() as server:
        monkeypatch.setattr(Twilio, "api", server.url)
        monkeypatch.setattr(Twilio, "is_private", True)
        server.answers("twilio/queued")
        yield server


def make_scene() -> SimpleNamespace:
    """A site that calls by Twilio, and an attempt that its operator has begun."""
    inbox = InboxFactory()
    CallbackRulesFactory(inbox=inbox, default_region="UA")
    account = TelephonyAccountFactory(inbox=inbox)
    request = CallbackRequestFactory(inbox=inbox)
    operator = OperatorFactory(phone="+380 67 111 22 33")
    return SimpleNamespace(inbox=inbox, account=account, request=request, operator=operator)


def begin(scene, **fields) -> CallAttempt:
    known = {"request": scene.request, "operator": scene.operator, "backend": "twilio", "started_at": timezone.now()}
    return CallAttemptFactory(**{**known, **fields})


@pytest.fixture
def scene(db):
    return make_scene()


def lines(request) -> list[Message]:
    return list(Message.objects.filter(conversation=request.conversation, event=call_words.CALLED).order_by("seq"))


def asked_for(scene, **fields) -> CallAttempt:
    return begin(scene, **{"progress": "requested", "provider_id": SID, **fields})


def event(progress, **fields) -> CallEvent:
    return CallEvent(**{"progress": progress, "provider_id": SID, **fields})


class TestAvailable:
    def test_a_site_with_an_account(self, scene):
        TelephonyAccountFactory(inbox=InboxFactory(hostname="other.example.com"))

        assert calling.available(scene.inbox) == scene.account

    @pytest.mark.parametrize("fields", [{"is_active": False}, {"backend": "tel"}, {"backend": "gone"}])
    def test_a_site_whose_operators_dial(self, scene, fields):
        TelephonyAccount.objects.update(**fields)

        assert calling.available(scene.inbox) is None

    def test_a_site_without_an_account(self, db):
        assert calling.available(InboxFactory()) is None


class TestCall:
    def test_it_is_asked_for_and_remembered(self, scene, server):
        attempt = calling.call(begin(scene))

        form = server.asked[0].form
        assert (attempt.progress, attempt.provider_id, attempt.reason) == ("requested", SID, "")
        assert (form["To"], form["From"]) == (["+380671112233"], ["+380445550100"])
        assert scene.request.phone in form["Twiml"][0]
        assert form["StatusCallback"] == [
            f"http://testserver/chat/hooks/calls/{scene.account.secret}/?call={attempt.pk}"
        ]

    def test_asked_again_it_is_not_made_again(self, scene, server):
        attempt = begin(scene)

        calling.call(attempt)
        calling.call(attempt)

        assert len(server.asked) == 1

    def test_an_attempt_by_hand_is_left_to_hands(self, scene, server):
        attempt = calling.call(begin(scene, backend="tel"))

        assert (attempt.progress, server.asked) == ("by_hand", [])

    def test_an_attempt_that_is_recorded_is_not_made(self, scene, server):
        assert calling.call(begin(scene, outcome="no_answer")).progress == "by_hand"
        assert server.asked == []

    @pytest.mark.django_db(transaction=True)
    def test_within_a_transaction_it_is_refused(self, server):
        attempt = begin(make_scene())

        with pytest.raises(RuntimeError), transaction.atomic():
            calling.call(attempt)

        assert server.asked == []

    def test_after_the_transaction_it_is_made(self, scene, server, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            attempt = begin(scene)
            calling.call_later(attempt)
            assert server.asked == []

        attempt.refresh_from_db()
        assert (attempt.provider_id, len(server.asked)) == (SID, 1)

    def test_what_the_provider_refuses_has_failed(self, scene, server):
        server.answers("twilio/bad-number")

        attempt = calling.call(begin(scene))

        assert (attempt.progress, attempt.reason) == ("failed", "bad_number")
        assert attempt.ended_at
        assert "no such number" in call_words.explain(attempt)
        assert [line.details["reason"] for line in lines(scene.request)] == ["bad_number"]

    def test_no_connection_has_failed_and_may_be_tried_by_a_new_attempt(self, scene, server):
        server.close()

        assert calling.call(begin(scene)).reason == "no_connection"

    @pytest.mark.parametrize("failing", ["hangs", "hangs_up"])
    def test_what_was_perhaps_made_is_shown_and_never_repeated(self, scene, server, failing):
        getattr(server, failing)()

        attempt = calling.call(begin(scene))
        server.answers("twilio/queued")
        calling.call(attempt)

        attempt.refresh_from_db()
        assert (attempt.progress, attempt.ended_at, len(server.asked)) == ("unconfirmed", None, 1)
        assert "may have been made" in call_words.explain(attempt)
        assert len(lines(scene.request)) == 1

    def test_a_provider_that_breaks_its_promise_leaves_a_call_perhaps_made(self, scene, server, monkeypatch, caplog):
        def broken(self, call):
            raise ZeroDivisionError(f"while calling {call.customer}")

        monkeypatch.setattr(Twilio, "start", broken)

        attempt = calling.call(begin(scene))

        assert (attempt.progress, attempt.reason) == ("unconfirmed", "broken")
        assert "ZeroDivisionError" in caplog.text
        assert scene.request.phone not in caplog.text

    def test_an_event_that_comes_first_is_not_undone(self, scene, server, monkeypatch):
        attempt = begin(scene)
        start = Twilio.start

        def start_slowly(self, call):
            started = start(self, call)
            calling.apply(event(Progress.RINGING, key=call.key, seq=1001), scene.account)
            return started

        monkeypatch.setattr(Twilio, "start", start_slowly)
        calling.call(attempt)

        attempt.refresh_from_db()
        assert (attempt.progress, attempt.provider_id) == ("ringing", SID)


class TestRefused:
    """What is wrong on our side is said in words, and costs nothing."""

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda scene: TelephonyAccount.objects.update(is_active=False), "no_account"),
            (lambda scene: TelephonyAccount.objects.update(backend="gone"), "no_account"),
            (lambda scene: CallbackRequest.objects.update(state="cancelled"), "over"),
            (lambda scene: CallbackRequest.objects.update(phone=""), "no_number"),
            (lambda scene: CallbackRequest.objects.update(phone="+12015550123"), "country"),
            (lambda scene: CallbackRequest.objects.update(phone="+380900123456"), "country"),
            (lambda scene: scene.inbox.callback_rules.delete(), "country"),
            (lambda scene: type(scene.operator).objects.update(phone=""), "no_phone"),
            (lambda scene: type(scene.operator).objects.update(phone="call me"), "bad_operator_phone"),
            (lambda scene: type(scene.operator).objects.update(phone="+380900123456"), "bad_operator_phone"),
            (lambda scene: type(scene.operator).objects.update(phone="101"), "bad_operator_phone"),
            (lambda scene: TelephonyAccount.objects.update(credentials="1:nonsense"), "cannot_unseal"),
            (lambda scene: TelephonyAccount.objects.update(credentials=seal({"account_sid": "x"})), "set_up"),
            (lambda scene: TelephonyAccount.objects.update(caller_id=""), "bad_caller_id"),
            (lambda scene: TelephonyAccount.objects.update(calls_per_day=0), "too_many"),
        ],
    )
    def test_the_reason_is_named(self, scene, server, change, reason):
        attempt = begin(scene)
        change(scene)

        attempt = calling.call(attempt)

        assert (attempt.progress, attempt.reason, server.asked) == ("failed", reason, [])
        assert call_words.explain(attempt).startswith("not made: ")
        assert call_words.explain(attempt) != call_words.explain(CallAttempt(progress="failed", reason="?"))

    @pytest.mark.parametrize("part", [http, sealing])
    def test_a_server_without_the_extra(self, scene, server, monkeypatch, part):
        attempt = begin(scene)
        monkeypatch.setattr(part, "_INSTALLED", False)

        assert calling.call(attempt).reason == "no_extra"

    def test_an_attempt_without_an_operator(self, scene, server):
        assert calling.call(begin(scene, operator=None)).reason == "no_phone"

    def test_the_limit_of_a_day_counts_what_was_asked_for(self, scene, server):
        TelephonyAccount.objects.update(calls_per_day=3)
        other_site = InboxFactory(hostname="other.example.com")
        for fields in (
            {"progress": "ended"},
            {"progress": "failed", "reason": "operator_no_answer"},
            {"progress": "by_hand"},
            {"progress": "by_hand", "backend": "tel"},
            {"progress": "failed", "reason": "too_many"},
            {"progress": "ended", "started_at": timezone.now() - timedelta(hours=25)},
            {"progress": "ended", "request": CallbackRequestFactory(inbox=other_site)},
        ):
            begin(scene, **fields)

        first, second = (calling.call(begin(scene)) for _ in range(2))

        assert (first.progress, second.reason, len(server.asked)) == ("requested", "too_many", 1)

    def test_another_country_may_be_allowed(self, scene, server):
        scene.inbox.callback_rules.countries = ["UA", "US"]
        scene.inbox.callback_rules.save()
        CallbackRequest.objects.update(phone="+12015550123")

        assert calling.call(begin(scene)).progress == "requested"


class TestApply:
    @pytest.fixture(autouse=True)
    def _at(self, time_machine):
        time_machine.move_to(NOW, tick=False)

    def test_a_call_from_ringing_to_its_end(self, scene, time_machine):
        attempt, other = asked_for(scene), asked_for(scene, provider_id="CA2")

        for seconds, told in (
            (5, event(Progress.RINGING, seq=1, leg=Leg.OPERATOR)),
            (9, event(Progress.ANSWERED, seq=2, leg=Leg.OPERATOR)),
            (10, event(Progress.RINGING, seq=1001)),
            (20, event(Progress.ANSWERED, seq=1002)),
            (85, event(Progress.ENDED, seq=1003, duration=65)),
            (86, event(Progress.ENDED, seq=3, duration=80, leg=Leg.OPERATOR)),
        ):
            time_machine.move_to(NOW + timedelta(seconds=seconds), tick=False)
            calling.apply(told, scene.account)

        attempt.refresh_from_db()
        other.refresh_from_db()
        assert (attempt.progress, attempt.duration_seconds, attempt.reason) == ("ended", 65, "")
        assert attempt.answered_at == NOW + timedelta(seconds=20)
        assert attempt.ended_at == NOW + timedelta(seconds=85)
        assert attempt.provider_seq == 1003
        assert [line.details["progress"] for line in lines(scene.request)] == ["ringing", "answered", "ended"]
        assert other.progress == "requested"

    def test_the_desk_learns_of_it_and_the_customer_does_not(self, scene):
        asked_for(scene)
        before = scene.request.conversation.last_seq

        calling.apply(event(Progress.RINGING), scene.account)

        scene.request.conversation.refresh_from_db()
        (line,) = lines(scene.request)
        assert (line.is_private, scene.request.conversation.last_seq) == (True, before + 1)

    def test_told_twice_it_changes_once(self, scene):
        attempt = asked_for(scene)
        told = event(Progress.ENDED, seq=1003, duration=65)
        assert calling.apply(told, scene.account) == attempt
        after = CallAttempt.objects.values().get()

        assert calling.apply(told, scene.account) is None
        assert calling.apply(replace(told, seq=0), scene.account) is None

        assert CallAttempt.objects.values().get() == after
        assert len(lines(scene.request)) == 1

    @pytest.mark.parametrize("seq", [0, 1])
    def test_what_came_too_late_lowers_nothing(self, scene, seq):
        asked_for(scene)
        calling.apply(event(Progress.ENDED, seq=3 * seq, duration=65), scene.account)

        calling.apply(event(Progress.RINGING, seq=1 * seq), scene.account)
        calling.apply(event(Progress.ANSWERED, seq=2 * seq), scene.account)

        attempt = CallAttempt.objects.get()
        assert (attempt.progress, attempt.duration_seconds) == ("ended", 65)
        assert len(lines(scene.request)) == 1

    def test_an_end_alone_says_when_it_was_answered(self, scene):
        asked_for(scene, started_at=NOW - timedelta(minutes=5))

        calling.apply(event(Progress.ENDED, duration=65), scene.account)

        assert CallAttempt.objects.get().answered_at == NOW - timedelta(seconds=65)

    def test_times_that_cannot_be_are_not_believed(self, scene):
        asked_for(scene, started_at=NOW - timedelta(minutes=5))

        calling.apply(event(Progress.ANSWERED, at=NOW + timedelta(days=1)), scene.account)
        calling.apply(event(Progress.ENDED, at=NOW - timedelta(days=1)), scene.account)

        attempt = CallAttempt.objects.get()
        assert (attempt.answered_at, attempt.ended_at) == (NOW, NOW - timedelta(minutes=5))

    @pytest.mark.parametrize(
        ("told", "progress", "reason", "outcome"),
        [
            ([event(Progress.ENDED, reason="no_answer")], "ended", "no_answer", "no_answer"),
            ([event(Progress.ENDED, reason="busy")], "ended", "busy", "busy"),
            ([event(Progress.ANSWERED), event(Progress.ENDED)], "ended", "", "talked"),
            ([event(Progress.ANSWERED)], "answered", "", "talked"),
            ([event(Progress.RINGING)], "ringing", "", ""),
            ([event(Progress.ENDED)], "ended", "", ""),
            ([event(Progress.FAILED, reason="failed")], "failed", "failed", "failed"),
            ([event(Progress.ENDED, reason="no_answer", leg=Leg.OPERATOR)], "failed", "operator_no_answer", ""),
            ([event(Progress.FAILED, leg=Leg.OPERATOR)], "failed", "operator_failed", ""),
            ([event(Progress.ENDED, leg=Leg.OPERATOR)], "ended", "", ""),
            ([event(Progress.ANSWERED, reason="machine", leg=Leg.OPERATOR)], "ringing", "machine", ""),
        ],
    )
    def test_an_outcome_is_suggested_and_not_recorded(self, scene, told, progress, reason, outcome):
        asked_for(scene)

        for one in told:
            calling.apply(one, scene.account)

        attempt = CallAttempt.objects.get()
        assert (attempt.progress, attempt.reason, attempt.outcome) == (progress, reason, "")
        assert calling.suggested(attempt) == outcome
        assert call_words.explain(attempt)

    def test_the_reason_may_come_after_the_end(self, scene):
        asked_for(scene)
        calling.apply(event(Progress.ENDED, seq=3, leg=Leg.OPERATOR), scene.account)

        calling.apply(event(Progress.ENDED, seq=1003, reason="no_answer", duration=0), scene.account)

        attempt = CallAttempt.objects.get()
        assert (attempt.reason, attempt.duration_seconds) == ("no_answer", 0)

    def test_a_call_perhaps_made_was_made(self, scene):
        attempt = asked_for(scene, progress="unconfirmed", provider_id="", reason="no_answer")

        calling.apply(event(Progress.RINGING, key=str(attempt.pk)), scene.account)

        attempt.refresh_from_db()
        assert (attempt.progress, attempt.provider_id, attempt.reason) == ("ringing", SID, "")

    @pytest.mark.parametrize("key", ["0", "999999", "x", "٣", "9" * 30])
    def test_a_key_of_nothing_is_nothing(self, scene, key):
        asked_for(scene)

        assert calling.apply(event(Progress.RINGING, key=key), scene.account) is None

    def test_a_key_with_another_calls_id_is_nothing(self, scene):
        attempt = asked_for(scene)

        assert calling.apply(event(Progress.RINGING, key=str(attempt.pk), provider_id="CA2"), scene.account) is None
        assert calling.apply(event(Progress.RINGING, key=str(attempt.pk)), scene.account)

    def test_another_sites_call_is_out_of_reach(self, scene):
        elsewhere = TelephonyAccountFactory(inbox=InboxFactory(hostname="other.example.com"))
        attempt = asked_for(scene)

        assert calling.apply(event(Progress.RINGING, key=str(attempt.pk)), elsewhere) is None
        assert calling.apply(event(Progress.RINGING), elsewhere) is None

    def test_an_attempt_by_hand_is_none_of_the_providers(self, scene):
        attempt = asked_for(scene, progress="by_hand", provider_id="")

        assert calling.apply(event(Progress.ENDED, key=str(attempt.pk)), scene.account) is None

    def test_a_provider_that_names_only_the_number_speaks_of_the_last_call_to_it(self, scene):
        asked_for(scene, provider_id="", started_at=NOW - timedelta(hours=3))
        over = asked_for(scene, provider_id="", progress="ended", started_at=NOW - timedelta(minutes=1))
        last = asked_for(scene, provider_id="", started_at=NOW - timedelta(minutes=5))
        phone = scene.request.phone

        calling.apply(CallEvent(Progress.RINGING, provider_id="out_1", customer=phone), scene.account)
        calling.apply(CallEvent(Progress.ANSWERED, provider_id="out_1", customer="+380671112233"), scene.account)
        calling.apply(CallEvent(Progress.ENDED, provider_id="out_1", customer=phone, duration=5), scene.account)

        last.refresh_from_db()
        over.refresh_from_db()
        assert (last.progress, last.provider_id, last.duration_seconds) == ("ended", "out_1", 5)
        assert over.provider_id == ""

    def test_nobodys_call_is_nothing(self, scene):
        asked_for(scene)

        assert calling.apply(CallEvent(Progress.RINGING), scene.account) is None
        assert calling.apply(CallEvent(Progress.RINGING, customer="+380440000000"), scene.account) is None


class TestWords:
    @pytest.mark.parametrize("language", ["en", "ru", "uk"])
    def test_the_line_names_the_request_and_never_the_number(self, scene, language):
        asked_for(scene)
        calling.apply(event(Progress.ENDED, duration=65), scene.account)
        (line,) = lines(scene.request)

        with translation.override(language):
            words = call_words._words(line)

        assert scene.request.readable_number in words
        assert "1:05" in words
        assert scene.request.phone[1:] not in words

    @pytest.mark.parametrize("progress", CallAttempt.Progress.values)
    def test_every_state_has_words(self, progress):
        assert call_words.explain(CallAttempt(progress=progress))

    def test_every_reason_of_ours_has_words_of_its_own(self):
        unknown = call_words.explain(CallAttempt(progress="failed", reason="?"))
        said = {
            reason: call_words.explain(CallAttempt(progress="failed", reason=reason)) for reason in accounts.REFUSALS
        }

        assert [reason for reason, words in said.items() if words == unknown] == []


class TestAccounts:
    def test_where_events_go_is_what_the_shop_has_said(self, scene, settings):
        settings.SHOPCHAT = {"BASE_URL": "https://shop.example.com"}
        assert accounts.webhook_url(scene.account) == (
            f"https://shop.example.com/chat/hooks/calls/{scene.account.secret}/"
        )

        settings.WAGTAILADMIN_BASE_URL = ""
        settings.SHOPCHAT = {}
        assert accounts.webhook_url(scene.account) == ""

    def test_what_is_wrong_with_an_account(self, scene, monkeypatch):
        assert accounts.trouble(scene.account) == ""
        scene.account.credentials = seal({"account_sid": "x"})
        assert accounts.trouble(scene.account) == "set_up"
        scene.account.credentials = "1:x"
        assert accounts.trouble(scene.account) == "cannot_unseal"
        scene.account.backend = "gone"
        assert accounts.trouble(scene.account) in {"no_account", "cannot_unseal"}

    def test_the_table_holds_no_secret(self, scene):
        row = TelephonyAccount.objects.values().get()

        assert not any("1234567890123456789012" in str(value) for value in row.values())


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_two_who_ask_one_is_heard(self, server):
        attempt = begin(make_scene())

        results = at_once(*[lambda: calling.call(CallAttempt.objects.get(pk=attempt.pk))] * 4)

        assert all(isinstance(result, CallAttempt) for result in results), results
        assert len(server.asked) == 1

    def test_two_at_once_are_not_both_the_last_call_of_the_day(self, server):
        scene = make_scene()
        TelephonyAccount.objects.update(calls_per_day=1)
        attempts = [begin(scene) for _ in range(3)]

        results = at_once(*[lambda one=one: calling.call(one) for one in attempts])

        assert all(isinstance(result, CallAttempt) for result in results), results
        assert sorted(result.reason for result in results) == ["", "too_many", "too_many"]
        assert len(server.asked) == 1

    def test_the_same_event_twice_at_once_is_told_once(self):
        scene = make_scene()
        asked_for(scene)

        results = at_once(*[lambda: calling.apply(event(Progress.ENDED, duration=5), scene.account)] * 3)

        assert sum(isinstance(result, CallAttempt) for result in results) == 1, results
        assert len(lines(scene.request)) == 1

    def test_events_at_once_end_at_the_highest(self):
        scene = make_scene()
        asked_for(scene)
        told = [event(Progress.RINGING, seq=1001), event(Progress.ANSWERED, seq=1002), event(Progress.ENDED, seq=1003)]

        results = at_once(*[lambda one=one: calling.apply(one, scene.account) for one in told])

        assert not [result for result in results if isinstance(result, Exception)], results
        assert CallAttempt.objects.get().progress == "ended"


def test_nothing_of_a_call_is_logged(scene, server, caplog):
    with caplog.at_level(logging.DEBUG):
        calling.call(begin(scene))
        server.says(500)
        calling.call(begin(scene))
        server.close()
        calling.call(begin(scene))

    ours = [record for record in caplog.records if not record.name.startswith("django.db")]
    told = repr([(record.getMessage(), record.args, record.exc_info) for record in ours])
    assert not [text for text in (scene.request.phone[1:], "671112233", "12345678901234") if text in told]
