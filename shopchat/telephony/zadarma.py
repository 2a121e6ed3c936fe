"""Zadarma: its callback request, and the notifications of its exchange.

The request is not given an id of ours and answers none of its own; events name the customer's number. Which fields of an
event are signed depends on its kind.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from shopchat.core import http
from shopchat.core.http import Answer, NoAnswer
from shopchat.telephony.base import (
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

CALLBACK, BALANCE = "/v1/request/callback/", "/v1/info/balance/"
INCOMING = ("caller_id", "called_did", "call_start")
OUTGOING = ("internal", "destination", "call_start")
SIGNED = {
    "NOTIFY_START": INCOMING,
    "NOTIFY_INTERNAL": INCOMING,
    "NOTIFY_END": INCOMING,
    "NOTIFY_IVR": INCOMING,
    "NOTIFY_OUT_START": OUTGOING,
    "NOTIFY_OUT_END": OUTGOING,
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
STEPS = {
    "NOTIFY_OUT_START": Progress.RINGING,
    "NOTIFY_ANSWER": Progress.ANSWERED,
    "NOTIFY_OUT_END": Progress.ENDED,
}
DISPOSITIONS = {
    "answered": "",
    "busy": "busy",
    "cancel": "cancelled",
    "no answer": "no_answer",
    "no money": "no_money",
    "no money, no limit": "no_money",
}
ENDINGS = {"", "busy", "cancelled", "no_answer"}
LOGIN = re.compile(r"[0-9a-zA-Z_]{8,80}")
ECHO = re.compile(r"[0-9A-Za-z_-]{1,128}")


class Zadarma(Telephony):
    name = "zadarma"
    label = "Zadarma"
    can_be_tried = True
    api: ClassVar[str] = "https://api.zadarma.com"
    is_private: ClassVar[bool] = False
    fields = (
        Field("key", _("Key"), _("In Zadarma's cabinet under Settings, Integrations and API.")),
        Field("secret", _("Secret"), _("Beside it. It also proves that events come from Zadarma."), is_secret=True),
        Field(
            "sip",
            _("SIP number or extension"),
            _("Optional: the one whose caller ID customers see. Zadarma's own setting counts otherwise."),
            is_required=False,
        ),
    )

    @sensitive_variables()
    def start(self, call: Call) -> Started:
        require_numbers(call, type(self))
        query = {"from": call.operator_leg.removeprefix("+"), "to": call.customer.removeprefix("+")}
        if self.credentials["sip"]:
            query["sip"] = self.credentials["sip"]
        answer = self._ask(CALLBACK, query)
        self._look(answer)
        return Started()

    @sensitive_variables()
    def parse(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str], url: str) -> list[CallEvent]:
        said = {name: values[-1] for name, values in form_of(body).items()}
        signed = SIGNED.get(said.get("event", ""))
        if signed is None:
            return []  # which of its fields would be signed, is not known: it is believed nothing
        text = "".join(said.get(name, "") for name in signed)
        if not same(self._signature(text), header(headers, "Signature")):
            raise BadSignature
        progress = STEPS.get(said["event"])
        return [_event(said, progress)] if progress else []

    def handshake(self, query: Mapping[str, str]) -> str | None:
        echo = query.get("zd_echo", "")
        return echo if ECHO.fullmatch(echo) else None

    def try_out(self) -> None:
        self._look(self._ask(BALANCE, {}))

    def check(self) -> list[Problem]:
        texts = {
            "key": _("Copy the key from Zadarma's cabinet."),
            "secret": _("Copy the secret from Zadarma's cabinet."),
        }
        found = [Problem(name, text) for name, text in texts.items() if not LOGIN.fullmatch(self.credentials[name])]
        if not re.fullmatch(r"[0-9-]{0,20}", self.credentials["sip"]):
            found.append(Problem("sip", _("Digits and hyphens only, for example 12345-100.")))
        return found

    @sensitive_variables()
    def _ask(self, path: str, query: Mapping[str, str]) -> Answer:
        # The text that is signed has to be the very one that is sent.
        asked = urlencode(sorted(query.items()))
        digest = hashlib.md5(asked.encode(), usedforsecurity=False).hexdigest()  # as they ask for; the HMAC protects
        headers = {"Authorization": f"{self.credentials['key']}:{self._signature(path + asked + digest)}"}
        url = f"{self.api}{path}" + (f"?{asked}" if asked else "")
        try:
            return http.send("GET", url, headers=headers, is_private=self.is_private)
        except NoAnswer as error:
            raise unanswered(error) from None

    def _look(self, answer: Answer) -> None:
        if not answer.is_ok():
            raise refused(answer)
        status = answer.json().get("status")
        if status == "error":
            raise CallError("refused", permanent=True)
        if status != "success":
            raise CallError("garbage", ambiguous=True)

    @sensitive_variables()
    def _signature(self, text: str) -> str:
        key = self.credentials["secret"].encode()
        # Of the hexadecimal text, not of the bytes that it stands for.
        return b64encode(hmac.new(key, text.encode(), hashlib.sha1).hexdigest().encode()).decode()


def _event(said: Mapping[str, str], progress: Progress) -> CallEvent:
    reason = ""
    if progress == Progress.ENDED:
        reason = DISPOSITIONS.get(said.get("disposition", ""), "failed")
    seconds = said.get("duration", "")
    digits = said.get("destination", "").removeprefix("+")
    return CallEvent(
        progress=progress if reason in ENDINGS else Progress.FAILED,
        provider_id=said.get("pbx_call_id", ""),
        customer=f"+{digits}" if digits.isascii() and digits.isdecimal() else "",
        duration=int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else None,
        reason=reason,
    )
