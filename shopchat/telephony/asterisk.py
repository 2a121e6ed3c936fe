"""Asterisk through its REST interface (ARI), without a program of ours on the exchange.

One request makes the operator's phone ring and then sends it into a context of the dialplan, which dials the customer and
tells us how it went. ``docs/how-to/telephony`` has that context. What goes out are digits and names that the shop's owner
has entered in narrow patterns: nothing of a customer can become an instruction of the dialplan.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from shopchat.core import http
from shopchat.core.http import Answer, NoAnswer
from shopchat.telephony.base import (
    RING_SECONDS,
    BadSignature,
    Call,
    CallError,
    CallEvent,
    Field,
    Problem,
    Progress,
    Started,
    Telephony,
    form_of,
    header,
    refused,
    require_numbers,
    same,
    unanswered,
)

SIGNATURE = "X-Shopchat-Signature"
KEY = re.compile(r"[0-9]{1,18}")
# Technology, then resource: PJSIP/{phone}, PJSIP/{phone}@trunk, Local/{phone}@from-internal.
ENDPOINT = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_.-]*\{phone\}[A-Za-z0-9_.@-]*")
CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,80}")
SHORTEST_KEY = 24
STEPS = {"ringing": Progress.RINGING, "answered": Progress.ANSWERED, "ended": Progress.ENDED}
REASONS = {
    "": "",
    "ANSWER": "",
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "cancelled",
}
# What Asterisk says, with a status of 500, when the phone is not registered: nothing rings then.
NOT_REGISTERED = "Allocation failed"


class Asterisk(Telephony):
    name = "asterisk"
    label = "Asterisk (ARI)"
    can_be_tried = True
    fields = (
        Field("url", _("Address"), _("Of Asterisk's HTTP server, for example https://pbx.example.com:8089.")),
        Field(
            "is_private",
            _("It is in our own network"),
            _("Allows a private address, and http:// instead of https://."),
            is_required=False,
            is_switch=True,
        ),
        Field("username", _("ARI user")),
        Field("password", _("ARI password"), is_secret=True),
        Field(
            "endpoint",
            _("Operators' phones"),
            _("How the dialplan names them; {phone} is what each operator has entered."),
            default="PJSIP/{phone}",
        ),
        Field(
            "context",
            _("Context"),
            _("Of the dialplan, in which the customer's number is dialled."),
            default="shopchat-callback",
        ),
        Field(
            "webhook_key",
            _("Key for events"),
            _("At least 24 characters, the same as in the exchange's script."),
            is_secret=True,
        ),
    )
    originate: ClassVar[str] = "/ari/channels"

    @sensitive_variables()
    def start(self, call: Call) -> Started:
        require_numbers(call, type(self))
        if not KEY.fullmatch(call.key):
            raise CallError("bad_key", permanent=True)
        channel = _channel(call.key)
        # All of it in the body: addresses are written into logs.
        asked = {
            "endpoint": self.credentials["endpoint"].replace("{phone}", call.operator_leg),
            "extension": call.customer.removeprefix("+"),
            "context": self.credentials["context"],
            "priority": 1,
            "callerId": call.caller_id,
            "timeout": RING_SECONDS,
            "channelId": channel,  # a second one under the same name is refused
            "variables": {"SHOPCHAT_CALL": call.key},
        }
        answer = self._ask("POST", self.originate, asked)
        if not answer.is_ok():
            raise _refused(answer)
        if answer.json().get("id") != channel:
            raise CallError("garbage", ambiguous=True)
        return Started(provider_id=channel)

    @sensitive_variables()
    def parse(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str], url: str) -> list[CallEvent]:
        key = self.credentials["webhook_key"].encode()
        expected = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        if not key or not same(expected, header(headers, SIGNATURE)):
            raise BadSignature
        said = {name: values[-1] for name, values in form_of(body).items()}
        progress = STEPS.get(said.get("status", ""))
        if progress is None or not KEY.fullmatch(said.get("call", "")):
            return []
        return [_event(said, progress)]

    def try_out(self) -> None:
        answer = self._ask("GET", "/ari/asterisk/ping")
        if not answer.is_ok():
            raise _refused(answer)

    def check(self) -> list[Problem]:
        found = []
        own = self.credentials
        if text := _wrong_address(own["url"], is_private=bool(own["is_private"])):
            found.append(Problem("url", text))
        if not ENDPOINT.fullmatch(own["endpoint"]):
            found.append(Problem("endpoint", _("Write it like PJSIP/{phone}, with {phone} in it once.")))
        if not CONTEXT.fullmatch(own["context"]):
            found.append(Problem("context", _("Letters, digits, hyphens and underscores only.")))
        if not own["username"]:
            found.append(Problem("username", _("Enter the user from ari.conf.")))
        if not own["password"]:
            found.append(Problem("password", _("Enter the password from ari.conf.")))
        if len(own["webhook_key"]) < SHORTEST_KEY:
            found.append(
                Problem("webhook_key", _("Use at least 24 characters, for example from a password generator."))
            )
        return found

    @sensitive_variables()
    def _ask(self, method: str, path: str, asked: Mapping[str, object] | None = None) -> Answer:
        own = self.credentials
        try:
            return http.send(
                method,
                own["url"].rstrip("/") + path,
                json=asked,
                login=(own["username"], own["password"]),
                is_private=bool(own["is_private"]),
            )
        except NoAnswer as error:
            raise unanswered(error) from None


def _channel(key: str) -> str:
    return f"shopchat-{key}"


def _event(said: Mapping[str, str], progress: Progress) -> CallEvent:
    reason = REASONS.get(said.get("dialstatus", ""), "failed") if progress == Progress.ENDED else ""
    seconds = said.get("seconds", "")
    return CallEvent(
        progress=Progress.FAILED if reason == "failed" else progress,
        provider_id=_channel(said["call"]),
        key=said["call"],
        duration=int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else None,
        reason=reason,
    )


def _wrong_address(url: str, *, is_private: bool) -> object:
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        return _("Write an address like https://pbx.example.com:8089, without a user in it.")
    if parts.scheme == "http" and not is_private:
        return _(
            "Without https:// the password could be read on its way. Use https://, or say that it is your network."
        )
    return ""


def _refused(answer: Answer) -> CallError:
    if answer.status == 500 and answer.json().get("message") == NOT_REGISTERED:
        return CallError("operator_unreachable", permanent=True)
    return refused(answer)
