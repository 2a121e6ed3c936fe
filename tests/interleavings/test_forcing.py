"""A forced race that forces nothing must not pass."""

import threading

import pytest

from tests.interleavings import forcing
from tests.interleavings.forcing import run_after, run_before

HERE = "tests.interleavings.test_forcing"


def step():
    steps.append("step")


steps = []


@pytest.fixture(autouse=True)
def _fresh():
    steps.clear()


def test_the_second_actor_acts_right_before():
    with run_before(f"{HERE}.step", lambda: steps.append("act"), ends=True):
        steps.append("first")
        step()
        step()

    assert steps == ["first", "act", "step", "step"]


def test_the_second_actor_acts_right_after():
    with run_after(f"{HERE}.step", lambda: steps.append("act"), ends=True) as second:
        step()
        steps.append("first")

    assert steps == ["step", "act", "first"]
    assert second.result is None


def test_what_the_second_actor_raises_is_told():
    with run_before(f"{HERE}.step", lambda: 1 / 0, ends=True) as second:
        step()

    assert isinstance(second.result, ZeroDivisionError)


def test_the_second_actor_may_come_by_the_same_place():
    with run_before(f"{HERE}.step", step, ends=True):
        step()

    assert steps == ["step", "step"]


def test_a_moment_that_never_comes_fails():
    with pytest.raises(AssertionError, match="never came"), run_before(f"{HERE}.step", step, ends=True):
        pass


def test_who_waits_where_nobody_should_fails(monkeypatch):
    monkeypatch.setattr(forcing, "SECONDS", 0.2)
    gate = threading.Event()

    def go_through():
        with run_before(f"{HERE}.step", lambda: gate.wait(60), ends=True):
            step()
            monkeypatch.undo()
            gate.set()

    with pytest.raises(AssertionError, match="should have ended"):
        go_through()


def test_who_does_not_wait_where_one_must_fails():
    with pytest.raises(AssertionError, match="should have waited"), run_before(f"{HERE}.step", step, ends=False):
        step()


def test_who_waits_for_ever_fails(monkeypatch):
    monkeypatch.setattr(forcing, "SECONDS", 0.2)
    gate = threading.Event()

    with pytest.raises(AssertionError, match="for ever"), run_before(f"{HERE}.step", gate.wait, ends=False):
        step()

    gate.set()
