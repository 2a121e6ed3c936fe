"""Twilio Voice: an account's REST API, and the forms that it posts about each leg.

The call that we ask for is the operator's leg. What is to happen once it is answered goes along as TwiML: dial the
customer. Events of that second leg name the first one as their parent.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from shopchat.core import http
from shopchat.core.http import Answer, NoAnswer
from shopchat.telephony.base import (
    CUSTOMER_RING_SECONDS,
    RING_SECONDS,
    BadSignature,
    Call,
    CallError,
    CallEvent,
    Field,
    Leg,
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

STEPS = ("initiated", "ringing", "answered", "completed")
STATUSES = {
    "ringing": (Progress.RINGING, ""),
    "in-progress": (Progress.ANSWERED, ""),
    "completed": (Progress.ENDED, ""),
    "busy": (Progress.ENDED, "busy"),
    "no-answer": (Progress.ENDED, "no_answer"),
    "canceled": (Progress.ENDED, "cancelled"),
    "failed": (Progress.FAILED, "failed"),
}
# Each leg counts from 0. The customer's begins when the operator's is answered, and ends no later.
AFTER_THE_OPERATORS = 1000
# Twilio's numbers for what is wrong: https://www.twilio.com/docs/api/errors
CODES = {
    13223: "bad_number",
    13224: "bad_number",
    13225: "country",
    20003: "no_login",
    21210: "bad_caller_id",
    21211: "bad_number",
    21212: "bad_caller_id",
    21214: "bad_number",
    21215: "country",
    21216: "country",
    21217: "bad_number",
    21219: "bad_number",
}
TOO_MANY_REQUESTS = 20429
SID, TOKEN = r"[0-9a-fA-F]{32}", re.compile(r"[0-9a-zA-Z]{32}")
DEFAULT_PORTS = {"https": 443, "http": 80}


class Twilio(Telephony):
    name = "twilio"
    label = "Twilio Voice"
    can_be_tried = True
    takes_extensions = False
    needs_caller_id = True
    api: ClassVar[str] = "https://api.twilio.com"
    is_private: ClassVar[bool] = False
    fields = (
        Field("account_sid", _("Account SID"), _("On the first page of Twilio's console. It begins with AC.")),
        Field(
            "auth_token", _("Auth token"), _("Beside it. It also proves that events come from Twilio."), is_secret=True
        ),
        Field(
            "key_sid",
            _("API key SID"),
            _("Optional: a key of its own for making calls. It begins with SK."),
            is_required=False,
        ),
        Field("key_secret", _("API key secret"), is_secret=True, is_required=False),
    )

    @sensitive_variables()
    def start(self, call: Call) -> Started:
        require_numbers(call, type(self))
        form = [("To", call.operator_leg), ("From", call.caller_id), ("Twiml", _twiml(call))]
        form += [("Timeout", str(RING_SECONDS))]
        if call.events_url:
            form += [("StatusCallback", _events_url(call)), ("StatusCallbackMethod", "POST")]
            form += [("StatusCallbackEvent", step) for step in STEPS]
        answer = self._ask("POST", "/Calls.json", form)
        sid = answer.json().get("sid")
        if not answer.is_ok():
            raise _refused(answer)
        if not isinstance(sid, str) or not re.fullmatch(f"CA{SID}", sid):
            raise CallError("garbage", ambiguous=True)
        return Started(provider_id=sid)

    @sensitive_variables()
    def parse(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str], url: str) -> list[CallEvent]:
        form = form_of(body)
        self._verify(headers, form, url)
        said = {name: values[-1] for name, values in form.items()}
        if said.get("AccountSid") != self.credentials["account_sid"]:
            raise BadSignature
        known = STATUSES.get(said.get("CallStatus", ""))
        return [_event(said, query, *known)] if known else []

    def try_out(self) -> None:
        answer = self._ask("GET", ".json")
        if not answer.is_ok():
            raise _refused(answer)

    def check(self) -> list[Problem]:
        found = []
        if not re.fullmatch(f"AC{SID}", self.credentials["account_sid"]):
            found.append(Problem("account_sid", _("An account SID is AC and 32 letters and digits.")))
        if not TOKEN.fullmatch(self.credentials["auth_token"]):
            found.append(Problem("auth_token", _("An auth token is 32 letters and digits.")))
        key_sid, key_secret = self.credentials["key_sid"], self.credentials["key_secret"]
        if key_sid and not re.fullmatch(f"SK{SID}", key_sid):
            found.append(Problem("key_sid", _("The SID of a key is SK and 32 letters and digits.")))
        if bool(key_sid) != bool(key_secret):
            missing = "key_secret" if key_sid else "key_sid"
            found.append(Problem(missing, _("A key has a SID and a secret. Enter both or neither.")))
        return found

    @sensitive_variables()
    def _ask(self, method: str, path: str, form: list[tuple[str, str]] | None = None) -> Answer:
        own = self.credentials
        login = (own["key_sid"], own["key_secret"]) if own["key_sid"] else (own["account_sid"], own["auth_token"])
        url = f"{self.api}/2010-04-01/Accounts/{own['account_sid']}{path}"
        try:
            return http.send(method, url, form=form, login=login, is_private=self.is_private)
        except NoAnswer as error:
            raise unanswered(error) from None

    @sensitive_variables()
    def _verify(self, headers: Mapping[str, str], form: Mapping[str, list[str]], url: str) -> None:
        # Another way of signing is announced by this header; what is not known is not believed.
        if header(headers, "X-Twilio-Webhooks-Signature-Settings"):
            raise BadSignature
        fields = "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
        given = header(headers, "X-Twilio-Signature")
        # Twilio sometimes names the port where the address as it was entered has none, and the other way round.
        if not any(same(self._signature(one + fields), given) for one in _with_and_without_port(url)):
            raise BadSignature

    @sensitive_variables()
    def _signature(self, signed: str) -> str:
        key = self.credentials["auth_token"].encode()
        return b64encode(hmac.new(key, signed.encode(), hashlib.sha1).digest()).decode()


def _twiml(call: Call) -> str:
    response = Element("Response")
    dial = SubElement(response, "Dial", callerId=call.caller_id, timeout=str(CUSTOMER_RING_SECONDS))
    events = {}
    if call.events_url:
        events = {"statusCallback": _events_url(call), "statusCallbackEvent": " ".join(STEPS)}
    SubElement(dial, "Number", events).text = call.customer
    return tostring(response, encoding="unicode")


def _events_url(call: Call) -> str:
    return f"{call.events_url}?{urlencode({'call': call.key})}"


def _event(said: Mapping[str, str], query: Mapping[str, str], progress: Progress, reason: str) -> CallEvent:
    parent = said.get("ParentCallSid", "")
    seq = _number(said.get("SequenceNumber", "")) or 0
    machine = progress == Progress.ANSWERED and said.get("AnsweredBy", "human").startswith(("machine", "fax"))
    return CallEvent(
        progress=progress,
        provider_id=parent or said.get("CallSid", ""),
        key=query.get("call", ""),
        customer=said.get("To", "") if parent else "",
        leg=Leg.CUSTOMER if parent else Leg.OPERATOR,
        seq=seq + AFTER_THE_OPERATORS if parent else seq,
        duration=_number(said.get("CallDuration", "")),  # in seconds; "Duration" is in minutes
        reason="machine" if machine else reason,
        at=_moment(said.get("Timestamp", "")),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    return [_at(parts, None), _at(parts, parts.port or DEFAULT_PORTS.get(parts.scheme))]


def _at(parts: SplitResult, port: int | None) -> str:
    host = parts.netloc.rpartition("@")[2]
    name = host.rpartition(":")[0] if parts.port else host
    return parts._replace(netloc=f"{name}:{port}" if port else name).geturl()


def _refused(answer: Answer) -> CallError:
    code = answer.json().get("code")
    if code == TOO_MANY_REQUESTS:
        return CallError("busy")
    if isinstance(code, int) and code in CODES and 400 <= answer.status < 500:
        return CallError(CODES[code], permanent=True)
    return refused(answer)
