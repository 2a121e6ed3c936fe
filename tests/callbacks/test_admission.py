"""Who may ask just now, and what those are told who may not."""

import pytest
from django.test import override_settings
from django.utils import translation

from shopchat.callbacks import limiting
from shopchat.callbacks.admission import HONEYPOT, ProofNeeded, admit
from shopchat.callbacks.limiting import TooOften, try_again
from shopchat.callbacks.refusing import Rejected
from shopchat.core import proof_of_work
from shopchat.core.ratelimits import DjangoCacheStorage
from tests.core.test_proof_of_work import solve
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db

NO_CAPTCHA = {"callback_captcha_after": "1000/hour"}


def limited(**limits):
    return override_settings(SHOPCHAT={"RATE_LIMITS": limits})


@pytest.fixture(autouse=True)
def _at_twenty_past(time_machine):
    time_machine.move_to(1_800_001_200, tick=False)  # windows of an hour end in forty minutes
    with translation.override("en"):
        yield


def test_a_visitor_is_stopped_and_told_when_it_may_go_on(time_machine):
    contact, other = ContactFactory(), ContactFactory()
    with limited(callback_requests="2/hour", **NO_CAPTCHA):
        admit(contact, source="a")
        admit(contact, source="b")

        with pytest.raises(TooOften) as refused:
            admit(contact, source="c")

        admit(other, source="c")
        time_machine.shift(2401)
        admit(contact, source="c")
    assert refused.value.errors == {"": "You have asked for calls very often. Please try again in 40 minutes."}
    assert refused.value.retry_after == 2400


def test_an_address_is_stopped_whoever_asks_from_there():
    with limited(callback_sources="2/hour", **NO_CAPTCHA):
        admit(None, source="a")
        admit(ContactFactory(), source="a")

        with pytest.raises(TooOften) as refused:
            admit(ContactFactory(), source="a")

        admit(ContactFactory(), source="b")
    assert refused.value.errors[""].endswith("Please try again in 40 minutes.")


def test_an_answer_to_our_question_counts_for_the_visitor_alone():
    contact = ContactFactory()
    with limited(callback_requests="3/hour", callback_sources="1/hour", callback_captcha_after="1/hour"):
        admit(contact, source="a")
        admit(contact, source="a", confirmed=True)
        admit(contact, source="a", confirmed=True)

        with pytest.raises(TooOften):
            admit(contact, source="a", confirmed=True)


class TestTheProofOfWork:
    def test_it_is_asked_for_after_so_many_and_counts_once(self):
        for _ in range(2):
            admit(None, source="a")

        with pytest.raises(ProofNeeded) as asked:
            admit(None, source="a")
        solution = solve(proof_of_work.challenge())
        admit(None, source="a", solution=solution)
        with pytest.raises(ProofNeeded):
            admit(None, source="a", solution=solution)

        admit(None, source="b")
        assert asked.value.retry_after == 2400
        assert "Your browser has to prove" in asked.value.errors[""]
        assert asked.value.errors[""].endswith("Please try again in 40 minutes.")

    def test_being_asked_for_it_counts_for_nothing_else(self):
        contact = ContactFactory()
        with limited(callback_captcha_after="1/hour", callback_requests="2/hour"):
            admit(contact, source="a")
            for _ in range(5):
                with pytest.raises(ProofNeeded):
                    admit(contact, source="a")

            admit(contact, source="a", solution=solve(proof_of_work.challenge()))

    def test_it_does_not_open_the_limits(self):
        with limited(callback_sources="1/hour"):
            admit(None, source="a")

            with pytest.raises(TooOften) as refused:
                admit(None, source="a", solution=solve(proof_of_work.challenge()))

        assert not isinstance(refused.value, ProofNeeded)

    def test_without_the_library_nobody_is_asked(self, monkeypatch):
        monkeypatch.setattr(proof_of_work, "is_available", lambda: False)

        for _ in range(5):
            admit(None, source="a")


class TestTheFieldThatNobodySees:
    def test_filled_in_it_is_told_and_nothing_is_counted(self):
        with limited(callback_sources="1/hour"):
            for _ in range(3):
                with pytest.raises(Rejected) as refused:
                    admit(None, source="a", trap="https://spam.example")

            admit(None, source="a")

        assert refused.value.errors[""].startswith("A field that has to stay empty was filled in.")

    def test_work_makes_up_for_it(self):
        admit(None, source="a", trap="Olena", solution=solve(proof_of_work.challenge()))

    def test_its_name_is_none_that_browsers_fill_in(self):
        for known in ("name", "mail", "phone", "tel", "url", "website", "company", "address", "city", "fax"):
            assert known not in HONEYPOT


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (1, "Please try again in 1 second."),
        (119, "Please try again in 119 seconds."),
        (121, "Please try again in 3 minutes."),
        (7199, "Please try again in 120 minutes."),
        (7200, "Please try again in 2 hours."),
        (86_400, "Please try again in 24 hours."),
    ],
)
def test_the_wait_in_words(seconds, says):
    assert try_again(seconds) == says


def test_no_number_stands_in_the_cache(monkeypatch):
    names = []
    count = DjangoCacheStorage.incr

    def incr(self, key, *args, **kwargs):
        names.append(key)
        return count(self, key, *args, **kwargs)

    monkeypatch.setattr(DjangoCacheStorage, "incr", incr)
    limiting.count_number("+380501234567")

    assert len(names) == 1
    assert "callback_numbers" in names[0]
    assert "501234567" not in names[0]
