"""Asterisk's REST interface."""

import hashlib
import hmac
import re
import subprocess
import sys
import textwrap
from base64 import b64decode

import pytest

from shopchat.telephony.asterisk import STEPS, Asterisk
from shopchat.telephony.base import BadSignature, CallEvent, Progress
from tests.architecture.tree import ROOT
from tests.telephony.contract import CUSTOMER, OPERATOR, SHOP, URL, TelephonyContract

KEY = "a-key-that-the-exchange-has-too"


def sign(body, key=KEY):
    return {"X-Shopchat-Signature": "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()}


class TestAsterisk(TelephonyContract):
    good, tried, no_login = "asterisk/channel", "asterisk/ping", "asterisk/no-login"
    permanent = [
        ("asterisk/not-registered", "operator_unreachable"),
        ("asterisk/same-channel", "refused"),
        ("asterisk/bad-endpoint", "refused"),
    ]
    secrets = ("pbx-password", KEY)

    @pytest.fixture
    def provider(self, server):
        return Asterisk(self.credentials(url=server.url))

    def credentials(self, **fields):
        known = {
            "url": "https://pbx.example.com:8089",
            "is_private": "1",
            "username": "shop",
            "password": "pbx-password",
        }
        return {**known, "webhook_key": KEY, **fields}

    def legs(self, asked):
        return asked.json["endpoint"], asked.json["extension"]

    def test_it_asks_for_one_channel_that_goes_on_into_the_dialplan(self, provider, server):
        server.answers(self.good)

        started = provider.start(self.call(operator_leg="101"))

        asked = server.asked[0]
        assert started.provider_id == "shopchat-42"
        assert (asked.method, asked.path, asked.query) == ("POST", "/ari/channels", {})
        assert b64decode(asked.headers["Authorization"].split()[1]).decode() == "shop:pbx-password"
        assert asked.json == {
            "endpoint": "PJSIP/101",
            "extension": CUSTOMER[1:],
            "context": "shopchat-callback",
            "priority": 1,
            "callerId": SHOP,
            "timeout": 20,
            "channelId": "shopchat-42",
            "variables": {"SHOPCHAT_CALL": "42"},
        }

    def test_operators_phones_are_named_as_the_dialplan_names_them(self, server):
        server.answers(self.good)
        provider = Asterisk(self.credentials(url=f"{server.url}/", endpoint="Local/{phone}@from-internal"))

        provider.start(self.call())

        assert server.asked[0].json["endpoint"] == f"Local/{OPERATOR}@from-internal"

    def test_a_key_that_is_no_number_never_leaves(self, provider, server):
        assert self.refusal(provider, key="42)\r\nexten").code == "bad_key"
        assert server.asked == []

    def test_another_channel_than_the_one_asked_for_is_no_answer(self, provider, server):
        server.answers(self.good)

        assert self.refusal(provider, key="43").ambiguous

    def test_a_private_address_needs_to_be_allowed(self, server):
        server.answers(self.good)
        url = server.url.replace("http://", "https://")

        error = self.refusal(Asterisk(self.credentials(url=url, is_private="")))

        assert (error.code, error.permanent, server.asked) == ("forbidden_address", True, [])

    @pytest.mark.parametrize(
        ("fields", "wrong"),
        [
            ({"url": "pbx.example.com"}, ["url"]),
            ({"url": "https://user:word@pbx.example.com"}, ["url"]),
            ({"url": "https://pbx.example.com:99999"}, ["url"]),
            ({"url": "http://pbx.example.com", "is_private": ""}, ["url"]),
            ({"url": "http://10.0.0.5:8088", "is_private": "1"}, []),
            ({"endpoint": "PJSIP/101"}, ["endpoint"]),
            ({"endpoint": "PJSIP/{phone}&PJSIP/900"}, ["endpoint"]),
            ({"context": "a,b"}, ["context"]),
            ({"webhook_key": "short"}, ["webhook_key"]),
        ],
    )
    def test_a_wrong_set_up_is_found(self, fields, wrong):
        assert [problem.field for problem in Asterisk(self.credentials(**fields)).check()] == wrong

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"call=42&status=ringing", CallEvent(Progress.RINGING)),
            (b"call=42&status=answered", CallEvent(Progress.ANSWERED)),
            (b"call=42&status=ended&dialstatus=ANSWER&seconds=65", CallEvent(Progress.ENDED, duration=65)),
            (b"call=42&status=ended&dialstatus=BUSY&seconds=", CallEvent(Progress.ENDED, reason="busy")),
            (b"call=42&status=ended&dialstatus=NOANSWER", CallEvent(Progress.ENDED, reason="no_answer")),
            (b"call=42&status=ended&dialstatus=CANCEL", CallEvent(Progress.ENDED, reason="cancelled")),
            (b"call=42&status=ended&dialstatus=CHANUNAVAIL", CallEvent(Progress.FAILED, reason="failed")),
        ],
    )
    def test_what_the_dialplan_tells_is_understood(self, provider, body, expected):
        (event,) = provider.parse(sign(body), body, {}, URL)

        assert (event.key, event.provider_id) == ("42", "shopchat-42")
        assert (event.progress, event.duration, event.reason) == (expected.progress, expected.duration, expected.reason)

    @pytest.mark.parametrize(
        "body", [b"call=42&status=dancing", b"call=&status=ringing", b"call=x1&status=ringing", b""]
    )
    def test_what_says_nothing_is_passed_over(self, provider, body):
        assert provider.parse(sign(body), body, {}, URL) == []

    def test_another_key_or_another_body_is_refused(self, provider):
        body = b"call=42&status=ringing"
        assert provider.parse(sign(body), body, {}, URL)

        for headers, sent in ((sign(body, "another key"), body), (sign(body), body + b"&more=1"), ({}, body)):
            with pytest.raises(BadSignature):
                provider.parse(headers, sent, {}, URL)

    def test_without_a_key_nobody_is_believed(self, server):
        provider = Asterisk(self.credentials(webhook_key=""))

        with pytest.raises(BadSignature):
            provider.parse(sign(b"", key=""), b"", {}, URL)

    def test_nobody_is_greeted(self, provider):
        assert provider.handshake({"zd_echo": "hello"}) is None


def documented_script(tmp_path, url):
    """The script that the guide tells shops to put on the exchange, for this address and key."""
    guide = (ROOT / "docs" / "how-to" / "telephony.md").read_text()
    (found,) = re.findall(r"```python\n(   #!/usr/bin/env python3\n.*?)```", guide, re.DOTALL)
    (tmp_path / "key").write_text(f"{KEY}\n")
    text = re.sub(r'URL = ".*"', f'URL = "{url}/hook/"', textwrap.dedent(found))
    script = tmp_path / "shopchat-call"
    script.write_text(text.replace("/etc/asterisk/shopchat.key", str(tmp_path / "key")))
    return script


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["42", "ringing"], (Progress.RINGING, None, "")),
        (["42", "answered"], (Progress.ANSWERED, None, "")),
        (["42", "ended", "ANSWER", "65"], (Progress.ENDED, 65, "")),
        (["42", "ended", "NOANSWER", ""], (Progress.ENDED, None, "no_answer")),
    ],
)
def test_the_documented_script_is_believed(server, tmp_path, arguments, expected):
    server.says(200)
    script = documented_script(tmp_path, server.url)

    subprocess.run([sys.executable, str(script), *arguments], check=True, timeout=30)

    asked = server.asked[0]
    (event,) = Asterisk({"webhook_key": KEY}).parse(asked.headers, asked.body, {}, URL)
    assert (event.key, event.progress, event.duration, event.reason) == ("42", *expected)


def test_the_documented_dialplan_tells_each_step():
    guide = (ROOT / "docs" / "how-to" / "telephony.md").read_text()

    told = set(re.findall(r"shopchat-call \$\{\w+\} (\w+)", guide))

    assert told == set(STEPS)
    assert "[shopchat-callback]" in guide  # what the account suggests
