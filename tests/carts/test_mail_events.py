"""Addresses that bounce or complain: told by the shop's own code, by the command, and by django-anymail."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.dispatch import Signal

from shopchat.carts import anymail, mail_events, subscribing
from shopchat.touches.models import Suppression
from shopchat.touches.suppressing import find, is_suppressed

pytestmark = pytest.mark.django_db

OLENA, ANNA = "olena@example.test", "anna@example.test"


def noted(address=OLENA):
    found = find("email", address)
    return found and found.reason


class TestWhatIsDone:
    def test_nothing_goes_to_an_address_that_does_not_exist(self, left):
        (message,) = left.send()

        mail_events.bounced(message.to[0].upper())

        assert noted(left.identity.value) == "bounced"
        assert len(left.send(hours=24)) == 1
        assert left.touch(2).reason == "suppressed"
        left.consent.refresh_from_db()
        assert left.consent.withdrawn_at is None

    def test_a_complaint_ends_the_consent_and_what_is_planned(self, left):
        (message,) = left.send()

        for _ in range(2):
            mail_events.complained(message.to[0])

        assert Suppression.objects.get().reason == "complained"
        left.consent.refresh_from_db()
        assert left.consent.withdrawn_at is not None
        assert (left.touch(2).state, left.touch(2).reason) == ("cancelled", "stopped")
        assert len(left.send(hours=24)) == 1

    def test_who_complained_is_not_written_to_again_and_who_unsubscribed_is(self, left):
        for tell, is_welcome in ((mail_events.unsubscribed, True), (mail_events.complained, False)):
            tell(left.identity.value)
            subscribing.subscribe(left.identity.contact, left.identity, text=left.consent.text)

            assert is_suppressed("email", left.identity.value) is not is_welcome

    def test_an_address_that_nobody_has_left_is_noted_all_the_same(self):
        mail_events.complained(OLENA)

        assert noted() == "complained"
        assert noted(ANNA) is None


def event(kind, reason=None, answer=None, recipient=OLENA):
    return SimpleNamespace(event_type=kind, reject_reason=reason, mta_response=answer, recipient=recipient)


EVENTS = [
    ("bounced", "bounced", "550 5.1.1 <olena@example.test>: user unknown", "bounced"),
    ("bounced", "bounced", "smtp;550-5.1.1. The account does not exist", "bounced"),
    ("bounced", "bounced", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", "bounced"),
    ("bounced", "invalid", None, "bounced"),
    ("rejected", "invalid", None, "bounced"),
    ("rejected", "bounced", None, "bounced"),
    ("complained", "spam", None, "complained"),
    ("complained", None, None, "complained"),
    ("rejected", "spam", None, "complained"),
    ("unsubscribed", None, None, "unsubscribed"),
    ("rejected", "unsubscribed", None, "unsubscribed"),
    # Says nothing of the address, or nothing for ever.
    ("bounced", "bounced", "552 5.2.2 mailbox full", None),
    ("bounced", "bounced", "421 4.1.1 try later", None),
    ("bounced", "bounced", "550 5.1.8 the sender's domain does not exist", None),
    ("bounced", "bounced", "550 5.7.1 blocked, see 15.1.1 and 5.1.1.7", None),
    ("bounced", "blocked", None, None),
    ("bounced", "spam", "550 5.7.1 looks like spam", None),
    ("deferred", None, "450 5.1.1 greylisted", None),
    ("rejected", "blocked", None, None),
    ("delivered", None, "250 ok", None),
    ("opened", None, None, None),
]


class TestAnymail:
    @pytest.mark.parametrize(("kind", "reason", "answer", "expected"), EVENTS)
    def test_what_an_event_says_of_the_address(self, kind, reason, answer, expected):
        signal = Signal()
        anymail.connect(signal)

        signal.send(sender=None, event=event(kind, reason, answer), esp_name="Any")

        assert noted() == expected

    def test_an_event_without_a_recipient_is_of_nobody(self):
        anymail.heed(None, event("complained", recipient=None))

        assert not Suppression.objects.exists()

    def test_a_shop_without_it_needs_nothing(self):
        anymail.connect(None)

    def test_its_own_words_are_those_that_we_know(self):
        signals = pytest.importorskip("anymail.signals")
        kinds = {signals.EventType.BOUNCED, signals.EventType.REJECTED, signals.EventType.COMPLAINED}
        reasons = {signals.RejectReason.INVALID, signals.RejectReason.BOUNCED, signals.RejectReason.SPAM}

        told = signals.AnymailTrackingEvent(event_type=signals.EventType.COMPLAINED, recipient=OLENA)
        signals.tracking.send(sender=None, event=told, esp_name="Any")

        assert noted() == "complained"
        assert kinds | {signals.EventType.UNSUBSCRIBED} <= {kind for kind, *_ in EVENTS}
        assert reasons | {signals.RejectReason.UNSUBSCRIBED} <= {reason for _, reason, *_ in EVENTS}


def suppress(*arguments, lines="", monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    out = io.StringIO()
    call_command("shopchat_suppress", *arguments, stdout=out, stderr=out)
    return out.getvalue()


class TestTheCommand:
    @pytest.mark.parametrize("reason", ["bounced", "complained", "unsubscribed"])
    def test_it_notes_addresses(self, reason, monkeypatch):
        assert (
            suppress(OLENA, "Anna@Example.test", "--reason", reason, monkeypatch=monkeypatch) == "addresses noted: 2\n"
        )

        assert (noted(), noted(ANNA)) == (reason, reason)

    def test_it_reads_a_list(self, monkeypatch):
        said = suppress("--reason", "bounced", lines=f"{OLENA}\n\n {ANNA} \n", monkeypatch=monkeypatch)

        assert said == "addresses noted: 2\n"
        assert (noted(), noted(ANNA)) == ("bounced", "bounced")

    def test_one_that_is_none_stops_all_and_is_not_repeated(self, monkeypatch):
        with pytest.raises(CommandError, match=r"^No\. 2 is not an e-mail address; nothing was noted\.$"):
            suppress(OLENA, "no address", "--reason", "bounced", monkeypatch=monkeypatch)

        assert noted() is None

    def test_it_asks_why(self, monkeypatch):
        with pytest.raises(CommandError, match="--reason"):
            suppress(OLENA, monkeypatch=monkeypatch)
