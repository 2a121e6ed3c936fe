"""What a provider of telephony takes, answers and raises.

A call has two legs. The operator's phone rings first; only when somebody answers there is the customer called, so that no
customer ever hears silence, and nobody can make the shop call strangers without an employee on the line.
"""

import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import parse_qs

from shopchat.core.http import Answer, NoAnswer

# Seconds for which a phone rings: less than most voicemails wait, so that none takes the operator's place.
RING_SECONDS = 20
CUSTOMER_RING_SECONDS = 40
# All that may ever reach a provider as a number: what else is in it would be read as a command by some of them.
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
EXTENSION = re.compile(r"[0-9]{2,8}")
MAX_FIELDS = 200


class Leg(StrEnum):
    OPERATOR = "operator"
    CUSTOMER = "customer"


class Progress(StrEnum):
    """Where a leg is."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class Call:
    """Who is to talk to whom.

    ``operator_leg`` is a number in E.164 or an extension, ``customer`` a number in E.164. ``key`` is the same whenever the
    same call is spoken of: a provider that can carry it hands it back. ``events_url`` is where its events are to go.
    """

    operator_leg: str
    customer: str
    caller_id: str
    key: str
    language: str = ""
    events_url: str = ""


@dataclass(frozen=True)
class Started:
    """The provider took it. ``provider_id`` is what its events will name; empty where the answer names nothing."""

    provider_id: str = ""


@dataclass(frozen=True)
class CallEvent:
    """Something that a provider tells of a call. Whose call it is, is said by one of ``key``, ``provider_id`` and
    ``customer``, in this order.

    ``seq`` orders the events of one call, 0 where the provider does not number them. ``reason`` is a short word: ``busy``,
    ``no_answer``, ``cancelled``, ``failed``, ``machine``; empty where there is nothing to say.
    """

    progress: Progress
    provider_id: str = ""
    key: str = ""
    customer: str = ""
    leg: Leg = Leg.CUSTOMER
    seq: int = 0
    duration: int | None = None
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Field:
    """One thing that the provider's customer has to know. ``is_secret``: it is never shown again."""

    name: str
    label: Any
    help: Any = ""
    is_secret: bool = False
    is_required: bool = True
    is_switch: bool = False
    default: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong with what was entered, and in which field."""

    field: str
    text: Any


class CallError(Exception):
    """The call was not made, or nobody knows.

    - ``permanent``: asking again will get the same answer.
    - ``ambiguous``: the answer was lost after the call may have been taken; asking again may ring twice.
    - neither: a temporary trouble.

    ``code`` is a short word for the reason, never the provider's text, which may quote a number.
    """

    def __init__(self, code: str, *, permanent: bool = False, ambiguous: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent
        self.ambiguous = ambiguous and not permanent


class BadSignature(Exception):
    """Whoever sent this did not have the secret."""


class Telephony(ABC):
    """One provider with one customer's credentials, a text for each of ``fields``."""

    name: ClassVar[str]
    label: ClassVar[Any]
    fields: ClassVar[tuple[Field, ...]] = ()
    # Whether anybody but the operator's own phone makes the call.
    makes_calls: ClassVar[bool] = True
    # Whether the credentials can be tried without calling anybody.
    can_be_tried: ClassVar[bool] = False
    # Whether an extension will do for the operator, or only a number in E.164.
    takes_extensions: ClassVar[bool] = True
    # Whether it has to be told which number customers see.
    needs_caller_id: ClassVar[bool] = False

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.credentials = {field.name: credentials.get(field.name, field.default) for field in self.fields}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # never with what is in it

    @abstractmethod
    def start(self, call: Call) -> Started:
        """Have both phones ring, the operator's first. Bounded in time. Raises :class:`CallError`, and nothing else."""

    def parse(self, headers: Mapping[str, str], body: bytes, query: Mapping[str, str], url: str) -> list[CallEvent]:
        """What the provider tells in one request to ``url``. Raises :class:`BadSignature`.

        What is signed but not understood is nothing that was told.
        """
        raise BadSignature

    def handshake(self, query: Mapping[str, str]) -> str | None:
        """What to answer when the provider asks whether this is the right address; ``None`` if it does not ask."""
        return None

    def try_out(self) -> None:
        """Whether the provider takes these credentials, without calling anybody. Raises :class:`CallError`."""
        raise CallError("cannot_be_tried", permanent=True)

    def check(self) -> list[Problem]:
        """What is wrong with the credentials as far as one can see without asking the provider."""
        return []


def require_numbers(call: Call, provider: type[Telephony]) -> None:
    """Nothing but numbers goes out. Raises :class:`CallError`."""
    extension = provider.takes_extensions and EXTENSION.fullmatch(call.operator_leg)
    if not (extension or E164.fullmatch(call.operator_leg)):
        raise CallError("bad_operator_phone", permanent=True)
    if not E164.fullmatch(call.customer):
        raise CallError("bad_number", permanent=True)
    if (call.caller_id or provider.needs_caller_id) and not E164.fullmatch(call.caller_id):
        raise CallError("bad_caller_id", permanent=True)


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value, however its name is written."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def form_of(body: bytes) -> dict[str, list[str]]:
    """A form's fields with all their values, empty ones included. Raises ``BadSignature`` for what is no form."""
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadSignature from None


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how far they are."""
    return hmac.compare_digest(one.encode(), other.encode())


def unanswered(error: NoAnswer) -> CallError:
    """What no answer means for a call."""
    permanent = error.code in {"bad_url", "forbidden_address", "no_trust"}
    return CallError(error.code, permanent=permanent, ambiguous=error.reached)


def refused(answer: Answer, *, busy: Collection[int] = (429,)) -> CallError:
    """What an answer other than a good one means where the provider has said nothing more exact."""
    if answer.status in busy:
        return CallError("busy")
    if answer.status in (401, 403):
        return CallError("no_login", permanent=True)
    if 300 <= answer.status < 500:
        return CallError("refused", permanent=True)
    # A server that fails may have failed after it had begun to call.
    return CallError("lost_answer", ambiguous=True)
