"""Events as providers send them, from the recorded payloads."""

import json
from urllib.parse import parse_qsl, urlsplit

from tests.telephony.provider_server import PAYLOADS

EVENTS = json.loads((PAYLOADS / "events.json").read_text())


def delivery(name: str):
    """(headers, body, query, url) of one recorded request, and what is expected of it."""
    case = EVENTS[name]
    body = (PAYLOADS / case["file"]).read_bytes() if case["file"] else b""
    return (case["headers"], body, dict(parse_qsl(urlsplit(case["url"]).query)), case["url"]), case
