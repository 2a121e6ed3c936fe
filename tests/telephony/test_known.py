"""The providers by name, and the one that needs none."""

import pytest

from shopchat.telephony import known
from shopchat.telephony.base import BadSignature, Call, CallError, Telephony
from shopchat.telephony.tel import Tel


def test_the_ways_to_call_by_name():
    assert [provider.name for provider in known.providers()] == ["tel", "twilio", "asterisk", "zadarma"]
    assert [provider.name for provider in known.providers() if not provider.makes_calls] == ["tel"]


def test_a_shop_may_bring_its_own():
    class Pigeon(Telephony):
        name, label = "pigeon", "Pigeon"

        def start(self, call):
            raise CallError("rain")

    known.register_provider(Pigeon)
    try:
        pigeon = known.made("pigeon", {"colour": "grey"})
        assert (pigeon.credentials, pigeon.check(), pigeon.handshake({})) == ({}, [], None)
        with pytest.raises(CallError):
            pigeon.try_out()
        with pytest.raises(BadSignature):
            pigeon.parse({}, b"", {}, "")
    finally:
        known.forget_provider("pigeon")

    with pytest.raises(KeyError):
        known.provider("pigeon")


def test_without_a_provider_the_operator_dials():
    with pytest.raises(CallError) as caught:
        Tel({}).start(Call(operator_leg="101", customer="+380441234567", caller_id="", key="1"))

    assert caught.value.code == "by_hand"


@pytest.mark.parametrize(
    ("permanent", "ambiguous", "expected"), [(True, True, (True, False)), (False, True, (False, True))]
)
def test_an_error_is_one_of_three(permanent, ambiguous, expected):
    error = CallError("x", permanent=permanent, ambiguous=ambiguous)

    assert (error.permanent, error.ambiguous) == expected
