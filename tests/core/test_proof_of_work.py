"""A browser's work, done here as the module's docstring tells it, without the library that checks it."""

import base64
import hashlib
import json
import subprocess
import sys
from copy import deepcopy

import pytest
from django.core.cache import cache
from django.test import override_settings

from shopchat.core import proof_of_work
from shopchat.core.proof_of_work import MOST, VALID_SECONDS, challenge, verify


def solve(made):
    """The solution as a browser sends it."""
    parameters = made["parameters"]
    nonce, salt, prefix = (bytes.fromhex(parameters[name]) for name in ("nonce", "salt", "keyPrefix"))
    for counter in range(MOST):
        password = nonce + counter.to_bytes(4, "big")
        key = hashlib.pbkdf2_hmac("sha256", password, salt, parameters["cost"], parameters["keyLength"])
        if key.startswith(prefix):
            return encoded({"challenge": made, "solution": {"counter": counter, "derivedKey": key.hex()}})
    raise AssertionError("a challenge without a solution")


def encoded(payload):
    return base64.b64encode(json.dumps(payload).encode()).decode()


def decoded(solution):
    return json.loads(base64.b64decode(solution))


def test_the_work_counts_once():
    solution = solve(challenge())

    assert verify(solution)
    assert not verify(solution)
    assert not verify(encoded({**decoded(solution), "more": 1}))


def test_every_challenge_is_another():
    first, second = challenge(), challenge()

    assert verify(solve(first))
    assert verify(solve(second))
    assert first["parameters"]["nonce"] != second["parameters"]["nonce"]


def test_the_shape_that_is_promised_to_browsers():
    made = challenge()

    assert set(made) == {"parameters", "signature"}
    assert made["parameters"]["algorithm"] == "PBKDF2/SHA-256"
    assert set(made["parameters"]) == {
        "algorithm",
        "cost",
        "keyLength",
        "keyPrefix",
        "nonce",
        "salt",
        "expiresAt",
    }


def test_late_work_is_none(time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    in_time, late = solve(challenge()), solve(challenge())

    time_machine.shift(VALID_SECONDS)
    assert verify(in_time)
    time_machine.shift(1)
    assert not verify(late)


def test_a_changed_challenge_is_not_ours():
    made = challenge()
    easier = deepcopy(made)
    easier["parameters"]["cost"] = 1
    later = deepcopy(made)
    later["parameters"]["expiresAt"] += 3600

    assert not verify(solve({**made, "signature": "0" * 64}))
    assert not verify(encoded({"challenge": easier, "solution": {"counter": 0, "derivedKey": "00"}}))
    assert not verify(encoded({"challenge": later, "solution": decoded(solve(made))["solution"]}))
    assert verify(solve(made))


def test_another_shops_challenge_is_not_ours():
    with override_settings(SECRET_KEY="another"):
        theirs = solve(challenge())
        assert verify(theirs)
        cache.clear()

    assert not verify(theirs)


@pytest.mark.parametrize(
    "solution",
    ["", "x", "e30=", "W10=", "bnVsbA==", "\x00", "ы" * 20, "A" * 10_000, encoded({"challenge": {}, "solution": {}})],
)
def test_nonsense_is_no_work(solution):
    assert not verify(solution)


def test_a_wrong_counter_is_no_work():
    payload = decoded(solve(challenge()))
    payload["solution"]["counter"] += 1

    assert not verify(encoded(payload))


def test_without_a_cache_the_work_still_counts(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise ConnectionError

    solution = solve(challenge())
    monkeypatch.setattr(proof_of_work.cache, "add", down)

    assert verify(solution)
    assert "may be shown again" in caplog.text


def test_without_the_library_nothing_is_asked():
    """In a process of its own, because this one has the library."""
    script = (
        "import sys, django; sys.modules['altcha'] = None; "
        "import importlib.util as u; found = u.find_spec; "
        "u.find_spec = lambda name, *args: None if name == 'altcha' else found(name, *args); "
        "from shopchat.core import proof_of_work; "
        "print(proof_of_work.is_available(), proof_of_work.verify('x'))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["False", "False"]
