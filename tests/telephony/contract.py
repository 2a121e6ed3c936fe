"""What every provider that makes calls must do; the tests of each inherit it."""

import json
import logging
import traceback

import pytest

from shopchat.telephony.base import BadSignature, Call, CallError, Started

OPERATOR, CUSTOMER, SHOP = "+380671112233", "+380441234567", "+380445550100"
URL = "https://shop.example.com/chat/hooks/calls/account-secret/"
NO_NUMBERS = [
    "",
    "abc",
    "380441234567",
    "+38044123\r\nAction: Originate",
    "+380441234567,1",
    "+380441234567@trunk",
    "+380441234567&PJSIP/900",
    "+380441234567\n",
    "+" + "1" * 40,
    "+٣٨٠٤٤١٢٣٤٥٦٧",
]


class TelephonyContract:
    """Give it fixtures ``provider`` (its ``server`` is asked) and these names of recorded answers."""

    good = ""
    no_login = ""
    tried = ""
    # Each (recorded answer, code) that will be the same however often one asks.
    permanent: list[tuple[str, str]] = []
    secrets: tuple[str, ...] = ()

    def call(self, **fields) -> Call:
        known = {"operator_leg": OPERATOR, "customer": CUSTOMER, "caller_id": SHOP, "key": "42", "events_url": URL}
        return Call(**{**known, **fields})

    def legs(self, asked) -> tuple[str, str]:
        """Of a recorded request: who is called first, and who then."""
        raise NotImplementedError

    def refusal(self, provider, **fields) -> CallError:
        with pytest.raises(CallError) as caught:
            provider.start(self.call(**fields))
        return caught.value

    def test_it_takes_a_call_and_says_so(self, provider, server):
        server.answers(self.good)

        assert isinstance(provider.start(self.call()), Started)

        assert len(server.asked) == 1

    def test_the_operator_is_called_first(self, provider, server):
        server.answers(self.good)

        provider.start(self.call())

        operator, customer = self.legs(server.asked[0])
        assert (operator[-9:], customer[-9:]) == (OPERATOR[-9:], CUSTOMER[-9:])

    @pytest.mark.parametrize("text", NO_NUMBERS)
    @pytest.mark.parametrize(("field", "code"), [("operator_leg", "bad_operator_phone"), ("customer", "bad_number")])
    def test_what_is_no_number_never_leaves(self, provider, server, field, code, text):
        server.answers(self.good)

        error = self.refusal(provider, **{field: text})

        assert (error.code, error.permanent, server.asked) == (code, True, [])

    def test_a_caller_id_that_is_no_number_never_leaves(self, provider, server):
        server.answers(self.good)

        assert self.refusal(provider, caller_id='Shop" <1>').code == "bad_caller_id"
        assert server.asked == []

    def test_wrong_credentials_are_wrong_for_good(self, provider, server):
        server.answers(self.no_login)

        error = self.refusal(provider)

        assert (error.code, error.permanent) == ("no_login", True)

    def test_what_it_refuses_for_good(self, provider, server):
        found = []
        for name, _code in self.permanent:
            server.answers(name)
            error = self.refusal(provider)
            found.append((name, error.code if error.permanent else f"not permanent: {error.code}"))

        assert found == self.permanent

    def test_too_many_requests_are_a_temporary_trouble(self, provider, server):
        server.says(429, b"{}")

        error = self.refusal(provider)

        assert (error.code, error.permanent, error.ambiguous) == ("busy", False, False)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_server_that_fails_may_have_taken_it(self, provider, server, status):
        server.says(status, b"<h1>Sorry</h1>")

        assert self.refusal(provider).ambiguous

    def test_no_connection_means_no_call(self, provider, server):
        server.close()

        error = self.refusal(provider)

        assert (error.code, error.permanent, error.ambiguous) == ("no_connection", False, False)

    @pytest.mark.parametrize("failing", ["hangs", "hangs_up"])
    def test_an_answer_that_is_lost_leaves_a_call_that_was_perhaps_made(self, provider, server, failing):
        getattr(server, failing)()

        assert self.refusal(provider).ambiguous
        assert len(server.asked) == 1  # and it did not ask again

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b'{"status": 1}', b"\xff\xfe", b"[" * 100_000, b" " * 300_000]
    )
    def test_an_answer_that_nobody_understands_leaves_a_call_that_was_perhaps_made(self, provider, server, body):
        server.says(200, body)

        error = self.refusal(provider)

        assert (error.code, error.ambiguous) == ("garbage", True)

    def test_an_answer_without_end_is_not_waited_for(self, provider, server):
        server.dribbles()

        assert self.refusal(provider).ambiguous

    def test_it_goes_nowhere_else(self, provider, server):
        server.says(302, b"", Location=f"{server.url}/elsewhere")

        assert self.refusal(provider).permanent
        assert len(server.asked) == 1

    @pytest.mark.parametrize("failing", ["close", "hangs", "hangs_up", "refuse"])
    def test_errors_and_logs_hold_neither_numbers_nor_secrets(self, provider, server, failing, caplog):
        server.says(400, json.dumps({"message": f"cannot call {CUSTOMER} for {self.secrets}"}).encode())
        getattr(server, failing, lambda: None)()

        with caplog.at_level(logging.DEBUG):
            error = self.refusal(provider)

        told = "".join(traceback.format_exception(error)) + repr(error.__dict__) + caplog.text
        told += repr([vars(record) for record in caplog.records])
        assert not [text for text in (CUSTOMER[1:], OPERATOR[1:], *self.secrets) if text in told]
        assert error.__cause__ is None
        assert error.__context__ is None or error.__suppress_context__

    def test_it_shows_no_secrets(self, provider):
        assert not [secret for secret in self.secrets if secret in repr(provider) + str(provider)]

    def test_credentials_are_tried_without_calling_anybody(self, provider, server):
        server.answers(self.tried)

        provider.try_out()

        assert server.asked[0].method == "GET"
        assert CUSTOMER[1:] not in repr(server.asked)

    def test_wrong_credentials_are_found_by_trying_them(self, provider, server):
        server.answers(self.no_login)

        with pytest.raises(CallError) as caught:
            provider.try_out()

        assert caught.value.code == "no_login"

    def test_a_right_set_up_is_not_objected_to(self, provider):
        assert provider.check() == []

    def test_each_field_that_is_missing_is_named(self, provider):
        required = {field.name for field in provider.fields if field.is_required}

        found = {problem.field for problem in type(provider)(dict.fromkeys(required, "")).check()}

        assert found == required

    def test_every_field_has_a_label(self, provider):
        assert all(str(field.label) for field in provider.fields)
        assert str(provider.label)
        assert {field.name for field in provider.fields if field.is_secret}

    @pytest.mark.parametrize("body", [b"", b"CallStatus=completed", b"event=NOTIFY_OUT_END", b"call=42&status=ended"])
    def test_what_is_not_signed_is_refused(self, provider, body):
        for headers in ({}, dict.fromkeys(["X-Twilio-Signature", "Signature", "X-Shopchat-Signature"], "ÄAAA")):
            try:
                events = provider.parse(headers, body, {}, URL)
            except BadSignature:
                continue
            # Of a kind that it does not know, so that nothing is believed.
            assert (events, b"event=NOTIFY_OUT_END" in body) == ([], False)
