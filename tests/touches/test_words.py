from datetime import UTC, datetime

import pytest
from django.utils import timezone

from shopchat.touches.deciding import decide
from shopchat.touches.joining import join
from shopchat.touches.models import Touch
from shopchat.touches.words import REASONS, kind_words, outcome_words, reason_words
from tests.architecture.tree import ROOT
from tests.factories import ContactFactory, DeliveryFactory, TouchFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def touch(state, reason="", **kwargs):
    return TouchFactory(state=state, reason=reason, planned_for=NOON, **kwargs)


def test_an_order_is_named_with_its_time():
    details = {"order": "1007", "at": "2026-11-24T10:41:00+00:00"}

    with timezone.override("Europe/Kyiv"):
        said = outcome_words(touch("cancelled", "ordered", details=details))

    assert said == "not sent: ordered 12:41 p.m., order 1007"


def test_an_order_of_another_day_has_its_date():
    details = {"order": "1007", "at": "2026-11-22T10:41:00+00:00"}

    with timezone.override("Europe/Kyiv"):
        assert "11/22/2026" in reason_words(touch("cancelled", "ordered", details=details))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (("planned",), "planned"),
        (("handed",), "sent"),
        (("held_out", "held_out"), "left alone for comparison"),
        (("dropped", "odd"), "not sent: of an odd kind"),
        (("dropped", "of a later release"), "not sent: of a later release"),
    ],
)
def test_each_state_has_words(one, said):
    assert outcome_words(touch(*one)) == said


def test_put_off_and_why():
    assert outcome_words(touch("planned", "quiet", deferrals=1)) == "put off: quiet hours where the customer lives"


def test_too_late_names_what_stood_in_the_way():
    said = outcome_words(touch("dropped", "too_late", details={"because": "cap_day"}))

    assert said == "not sent: too late to be of use: had advertising within the last 24 hours"


def test_what_the_outbox_could_not_send_is_not_called_sent():
    failed = touch("handed", delivery=DeliveryFactory(state="failed", reason="refused"))

    assert outcome_words(failed) == "not sent: The provider refused the message."
    assert outcome_words(touch("handed", delivery=DeliveryFactory(state="sent"))) == "sent"


def test_on_the_site_things_are_shown():
    assert outcome_words(touch("handed", channel="onsite")) == "shown"
    assert outcome_words(touch("dropped", "no_basis", channel="onsite")).startswith("not shown: ")


def test_a_kind_is_named():
    assert kind_words(touch("handed")) == "Reminder"
    assert kind_words(touch("handed", kind="of a later release")) == "of a later release"


def test_every_code_of_the_ledger_has_words():
    modules = [ROOT / "shopchat" / "touches" / f"{name}.py" for name in ("deciding", "caps", "handing")]
    source = "".join(path.read_text() for path in modules)
    codes = {code for code in REASONS if f'"{code}"' in source}

    assert {"cap_day", "cap_week", "quiet", "complaint", "held_out", "suppressed", "stopped", "too_late"} <= codes
    assert decide(touch("planned", identity=None), NOON).reason in REASONS


def test_what_a_browser_got_counts_for_the_account_it_signs_in_to():
    old, new = ContactFactory(), ContactFactory(signed_in=True)
    theirs, others = TouchFactory(contact=old), TouchFactory()

    assert join(old, new) == 1

    moved = Touch.objects.get(pk=theirs.pk)
    assert (moved.contact, moved.person) == (new, f"user:{new.user_id}")
    assert Touch.objects.get(pk=others.pk).contact == others.contact
