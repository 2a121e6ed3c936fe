"""Twilio Voice."""

from base64 import b64decode, b64encode
from hashlib import sha1
from hmac import digest
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import pytest

from shopchat.telephony.base import BadSignature, CallEvent, Leg, Progress
from shopchat.telephony.twilio import Twilio
from tests.telephony.contract import CUSTOMER, OPERATOR, SHOP, URL, TelephonyContract
from tests.telephony.recorded import delivery

SID, TOKEN = "AC0123456789abcdef0123456789abcdef", "12345678901234567890123456789012"
CHILD = {
    "AccountSid": SID,
    "ParentCallSid": "CA11111111111111111111111111111111",
    "CallSid": "CA22222222222222222222222222222222",
    "To": CUSTOMER,
    "SequenceNumber": "2",
}


def signed(form, url=URL, token=TOKEN):
    """Headers and body as Twilio makes them, by the words of its documentation."""
    text = url + "".join(name + form[name] for name in sorted(form))
    signature = b64encode(digest(token.encode(), text.encode(), sha1)).decode()
    return {"X-Twilio-Signature": signature}, urlencode(form).encode()


class TestTwilio(TelephonyContract):
    good, tried, no_login = "twilio/queued", "twilio/account", "twilio/no-login"
    permanent = [
        ("twilio/bad-number", "bad_number"),
        ("twilio/bad-caller-id", "bad_caller_id"),
        ("twilio/country", "country"),
    ]
    secrets = (TOKEN,)

    @pytest.fixture
    def provider(self, server):
        class Here(Twilio):
            api, is_private = server.url, True

        return Here({"account_sid": SID, "auth_token": TOKEN})

    def legs(self, asked):
        twiml = ElementTree.fromstring(asked.form["Twiml"][0])
        return asked.form["To"][0], twiml.find("Dial/Number").text

    def test_it_asks_for_what_is_to_happen_and_to_be_told(self, provider, server):
        server.answers(self.good)

        started = provider.start(self.call(events_url=URL))

        asked = server.asked[0]
        form, twiml = asked.form, ElementTree.fromstring(asked.form["Twiml"][0])
        assert started.provider_id == "CA11111111111111111111111111111111"
        assert (asked.method, asked.path) == ("POST", f"/2010-04-01/Accounts/{SID}/Calls.json")
        assert (form["To"], form["From"], form["Timeout"]) == ([OPERATOR], [SHOP], ["20"])
        assert form["StatusCallback"] == [f"{URL}?call=42"]
        assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
        assert twiml.find("Dial").get("callerId") == SHOP
        assert twiml.find("Dial/Number").get("statusCallback") == f"{URL}?call=42"
        assert b64decode(asked.headers["Authorization"].split()[1]).decode() == f"{SID}:{TOKEN}"

    def test_without_an_address_for_events_it_is_told_none(self, provider, server):
        server.answers(self.good)

        provider.start(self.call(events_url=""))

        assert "StatusCallback" not in server.asked[0].form
        assert "statusCallback" not in server.asked[0].form["Twiml"][0]

    def test_a_key_of_its_own_is_used_where_there_is_one(self, server):
        server.answers(self.tried)
        provider = Twilio({"account_sid": SID, "auth_token": TOKEN, "key_sid": "SK" + "1" * 32, "key_secret": "s3cret"})
        provider.api, provider.is_private = server.url, True

        provider.try_out()

        login = b64decode(server.asked[0].headers["Authorization"].split()[1]).decode()
        assert login == f"SK{'1' * 32}:s3cret"

    def test_a_number_for_customers_to_see_is_needed(self, provider, server):
        assert self.refusal(provider, caller_id="").code == "bad_caller_id"

    @pytest.mark.parametrize("extension", ["101", "12345678"])
    def test_an_extension_cannot_be_called_by_it(self, provider, server, extension):
        assert self.refusal(provider, operator_leg=extension).code == "bad_operator_phone"

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"account_sid": "SK" + "1" * 32}, ["account_sid"]),
            ({"auth_token": "short"}, ["auth_token"]),
            ({"key_sid": "SK" + "1" * 32}, ["key_secret"]),
            ({"key_secret": "secret"}, ["key_sid"]),
            ({"key_sid": "AC" + "1" * 32, "key_secret": "secret"}, ["key_sid"]),
        ],
    )
    def test_a_wrong_set_up_is_found(self, fields, wrong):
        found = Twilio({"account_sid": SID, "auth_token": TOKEN, **fields}).check()

        assert [problem.field for problem in found] == wrong

    @pytest.mark.parametrize("name", ["ringing", "completed", "machine"])
    def test_a_recorded_event_is_understood(self, provider, name):
        request, case = delivery(f"twilio_voice/{name}")

        (event,) = provider.parse(*request)

        expected = case["events"][0]
        says = {"ringing": Progress.RINGING, "answered": Progress.ANSWERED, "completed": Progress.ENDED}
        assert event.progress == says[expected["status"]]
        assert (event.provider_id, event.seq) == (expected["external_call_id"], expected["seq"])
        assert event.duration == expected.get("duration")
        assert event.reason == expected.get("answered_by", "")
        assert event.leg == Leg.OPERATOR
        assert event.at.isoformat() == "2026-11-21T12:00:00+00:00"

    def test_a_recorded_event_with_a_wrong_signature_is_refused(self, provider):
        request, _case = delivery("twilio_voice/wrong-signature")

        with pytest.raises(BadSignature):
            provider.parse(*request)

    @pytest.mark.parametrize("change", ["url", "field", "extra", "token", "query"])
    def test_whatever_is_changed_breaks_the_signature(self, provider, change):
        (headers, body, query, url), _case = delivery("twilio_voice/completed")
        assert provider.parse(headers, body, query, url)

        if change == "url":
            url = url.replace("shop.example.com", "evil.example.com")
        elif change == "query":
            url = url.replace("cb=42", "cb=43")
        elif change == "field":
            body = body.replace(b"CallDuration=65", b"CallDuration=66")
        elif change == "extra":
            body += b"&More=1"
        else:
            provider.credentials["auth_token"] = "0" * 32

        with pytest.raises(BadSignature):
            provider.parse(headers, body, query, url)

    @pytest.mark.parametrize(
        ("told", "signed_for"),
        [
            ("https://shop.example.com/h/", "https://shop.example.com:443/h/"),
            ("https://shop.example.com:8443/h/", "https://shop.example.com/h/"),
            ("https://[::1]/h/?a=b", "https://[::1]:443/h/?a=b"),
        ],
    )
    def test_a_port_more_or_less_is_forgiven(self, provider, told, signed_for):
        headers, body = signed({"AccountSid": SID, "CallStatus": "ringing", "CallSid": "CA1"}, url=signed_for)

        assert provider.parse(headers, body, {}, told)

    def test_another_account_is_refused(self, provider):
        headers, body = signed({**CHILD, "AccountSid": "AC" + "9" * 32, "CallStatus": "ringing"})

        with pytest.raises(BadSignature):
            provider.parse(headers, body, {}, URL)

    def test_another_way_of_signing_is_not_believed(self, provider):
        headers, body = signed({**CHILD, "CallStatus": "ringing"})
        assert provider.parse(headers, body, {}, URL)

        with pytest.raises(BadSignature):
            provider.parse(
                {**headers, "X-Twilio-Webhooks-Signature-Settings": "key=1,algorithm=HMAC_SHA256"}, body, {}, URL
            )

    def test_repeated_fields_are_signed_once_and_in_order(self, provider):
        url = f"{URL}?call=42"
        text = url + "AccountSid" + SID + "CallStatusringing" + "DigitsaDigitsb"
        signature = b64encode(digest(TOKEN.encode(), text.encode(), sha1)).decode()
        body = f"Digits=b&Digits=a&Digits=b&CallStatus=ringing&AccountSid={SID}".encode()

        assert provider.parse({"x-twilio-signature": signature}, body, {"call": "42"}, url)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("ringing", (Progress.RINGING, "")),
            ("in-progress", (Progress.ANSWERED, "")),
            ("completed", (Progress.ENDED, "")),
            ("busy", (Progress.ENDED, "busy")),
            ("no-answer", (Progress.ENDED, "no_answer")),
            ("canceled", (Progress.ENDED, "cancelled")),
            ("failed", (Progress.FAILED, "failed")),
        ],
    )
    def test_the_customers_leg_is_told_apart(self, provider, status, expected):
        headers, body = signed({**CHILD, "CallStatus": status, "CallDuration": "7"}, url=f"{URL}?call=42")

        events = provider.parse(headers, body, {"call": "42"}, f"{URL}?call=42")

        progress, reason = expected
        assert events == [
            CallEvent(
                progress=progress,
                provider_id=CHILD["ParentCallSid"],
                key="42",
                customer=CUSTOMER,
                leg=Leg.CUSTOMER,
                seq=1002,
                duration=7,
                reason=reason,
            )
        ]

    @pytest.mark.parametrize("status", ["queued", "initiated", "something-new", ""])
    def test_what_says_nothing_new_is_passed_over(self, provider, status):
        headers, body = signed({**CHILD, "CallStatus": status})

        assert provider.parse(headers, body, {}, URL) == []

    def test_odd_values_are_no_values(self, provider):
        odd = {"SequenceNumber": "٣", "CallDuration": "-1", "Timestamp": "yesterday", "CallStatus": "completed"}
        headers, body = signed({**CHILD, **odd})

        (event,) = provider.parse(headers, body, {}, URL)

        assert (event.seq, event.duration, event.at) == (1000, None, None)

    @pytest.mark.parametrize("body", [b"\xff\xfe=1", b"&".join(b"a%d=1" % n for n in range(300))])
    def test_what_is_no_form_is_refused(self, provider, body):
        with pytest.raises(BadSignature):
            provider.parse({"X-Twilio-Signature": "x"}, body, {}, URL)

    def test_the_payloads_are_what_they_were(self):
        (_headers, body, _query, _url), _case = delivery("twilio_voice/completed")

        assert dict(parse_qsl(body.decode()))["CallDuration"] == "65"
