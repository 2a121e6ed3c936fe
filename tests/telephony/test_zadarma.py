"""Zadarma."""

from base64 import b64encode
from hashlib import md5, sha1
from hmac import new

import pytest

from shopchat.telephony.base import BadSignature, Progress
from shopchat.telephony.zadarma import Zadarma
from tests.telephony.contract import CUSTOMER, OPERATOR, URL, TelephonyContract
from tests.telephony.recorded import delivery

SECRET = "zd_secret_9f8e7d"


def sign(text):
    return {"Signature": b64encode(new(SECRET.encode(), text.encode(), sha1).hexdigest().encode()).decode()}


def out_end(**fields):
    known = {"event": "NOTIFY_OUT_END", "internal": "100", "destination": CUSTOMER[1:], "call_start": "now"}
    known |= {"pbx_call_id": "out_1", "duration": "0", **fields}
    text = known["internal"] + known["destination"] + known["call_start"]
    return sign(text), "&".join(f"{name}={value}" for name, value in known.items()).encode()


class TestZadarma(TelephonyContract):
    good, tried, no_login = "zadarma/ordered", "zadarma/balance", "zadarma/no-login"
    permanent = [("zadarma/error", "refused"), ("zadarma/bad-request", "refused")]
    secrets = (SECRET,)

    @pytest.fixture
    def provider(self, server):
        class Here(Zadarma):
            api, is_private = server.url, True

        return Here({"key": "zd_key_12345", "secret": SECRET})

    def legs(self, asked):
        return asked.query["from"][0], asked.query["to"][0]

    def test_it_signs_what_it_sends(self, provider, server):
        server.answers(self.good)
        provider.credentials["sip"] = "12345-100"

        provider.start(self.call())

        asked = server.asked[0]
        query = f"from={OPERATOR[1:]}&sip=12345-100&to={CUSTOMER[1:]}"
        text = "/v1/request/callback/" + query + md5(query.encode()).hexdigest()
        assert (asked.method, asked.path) == ("GET", "/v1/request/callback/")
        assert "&".join(f"{name}={values[0]}" for name, values in asked.query.items()) == query
        assert asked.headers["Authorization"] == "zd_key_12345:" + sign(text)["Signature"]

    def test_an_extension_will_do(self, provider, server):
        server.answers(self.good)

        assert provider.start(self.call(operator_leg="100")).provider_id == ""

        assert server.asked[0].query["from"] == ["100"]

    @pytest.mark.parametrize(
        ("fields", "wrong"), [({"key": ""}, ["key"]), ({"secret": "kurz"}, ["secret"]), ({"sip": "a&b"}, ["sip"])]
    )
    def test_a_wrong_set_up_is_found(self, fields, wrong):
        found = Zadarma({"key": "zd_key_12345", "secret": SECRET, **fields}).check()

        assert [problem.field for problem in found] == wrong

    def test_a_recorded_end_is_understood(self, provider):
        request, case = delivery("zadarma/out-end")

        (event,) = provider.parse(*request)

        expected = case["events"][0]
        assert event.progress == Progress.ENDED
        assert (event.provider_id, event.customer) == (expected["external_call_id"], expected["phone"])
        assert (event.duration, event.reason) == (expected["duration"], "")

    def test_calls_that_customers_make_are_none_of_ours(self, provider):
        request, _case = delivery("zadarma/in-start")

        assert provider.parse(*request) == []

    def test_the_usual_mistake_in_signing_is_refused(self, provider):
        request, _case = delivery("zadarma/wrong-signature")

        with pytest.raises(BadSignature):
            provider.parse(*request)

    def test_the_handshake_is_answered(self, provider):
        (_headers, _body, query, _url), case = delivery("zadarma/echo-handshake")

        assert provider.handshake(query) == case["http_body"]

    @pytest.mark.parametrize("query", [{}, {"zd_echo": ""}, {"zd_echo": "<script>"}, {"zd_echo": "x" * 200}])
    def test_nothing_else_is_echoed(self, provider, query):
        assert provider.handshake(query) is None

    @pytest.mark.parametrize(
        ("disposition", "expected"),
        [
            ("answered", (Progress.ENDED, "")),
            ("busy", (Progress.ENDED, "busy")),
            ("no answer", (Progress.ENDED, "no_answer")),
            ("cancel", (Progress.ENDED, "cancelled")),
            ("no money", (Progress.FAILED, "no_money")),
            ("unallocated number", (Progress.FAILED, "failed")),
        ],
    )
    def test_how_it_ended_is_understood(self, provider, disposition, expected):
        headers, body = out_end(disposition=disposition)

        (event,) = provider.parse(headers, body, {}, URL)

        assert (event.progress, event.reason) == expected

    def test_ringing_and_answering_are_told(self, provider):
        ringing = (
            sign(f"100{CUSTOMER[1:]}now"),
            f"event=NOTIFY_OUT_START&internal=100&destination={CUSTOMER[1:]}&call_start=now",
        )
        answered = (
            sign(f"100{CUSTOMER[1:]}now"),
            f"event=NOTIFY_ANSWER&caller_id=100&destination={CUSTOMER[1:]}&call_start=now",
        )

        found = [provider.parse(headers, body.encode(), {}, URL)[0] for headers, body in (ringing, answered)]

        assert [(event.progress, event.customer) for event in found] == [
            (Progress.RINGING, CUSTOMER),
            (Progress.ANSWERED, CUSTOMER),
        ]

    def test_odd_values_are_no_values(self, provider):
        headers, body = out_end(destination="sip:100", duration="-5", disposition="answered")

        (event,) = provider.parse(headers, body, {}, URL)

        assert (event.customer, event.duration) == ("", None)

    def test_a_kind_of_event_that_nobody_knows_is_believed_nothing(self, provider):
        assert provider.parse({}, b"event=NOTIFY_SOMETHING_NEW&destination=380441234567", {}, URL) == []
