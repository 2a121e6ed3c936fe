"""A shop that calls, and a browser that asks for a call as the form does."""

import re
from datetime import UTC, datetime
from html import unescape

from shopchat.callbacks.models import CallbackRequest
from tests.factories import CallbackRulesFactory, OperatorFactory, ScheduleFactory, client_id
from tests.widget.conftest import Browser

MONDAY = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)  # 10:05 in Kyiv
SLOT = "20261123T1200Z"  # 14:00–14:30
PHONE = "044 123 45 67"


def shop_that_calls(**rules):
    """Open all week from 9 to 18 in Kyiv, one operator on phone duty, who is not at the desk."""
    OperatorFactory(takes_calls=True)
    return CallbackRulesFactory(schedule=ScheduleFactory(weekdays=range(7)), **rules)


class Caller(Browser):
    """Opens the form and sends it with everything that it holds, changed by what the test says."""

    def look(self, **query):
        self.page = self.get("/chat/callback/", {"lang": "en", **query})
        return self.page

    def ask(self, *, look=True, **fields):
        if look:
            self.look(new="1")
        held = hidden(self.page)
        day = "2026-11-23"
        typed = {
            "phone": PHONE,
            "name": "Olena",
            "about": "Does it fit?",
            "when": "slot",
            "day": day,
            f"slot-{day}": SLOT,
            "zone": "Europe/Kyiv",
            "consent": "yes",
            "client_id": held.get("client_id") or client_id(),
        }
        sent = {**held, **typed, **fields}
        return self.form(
            "/chat/callback/?lang=en", **{name: value for name, value in sent.items() if value is not None}
        )


def hidden(response):
    """The hidden fields of the form."""
    found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', response.content.decode())
    return {name: unescape(value) for name, value in found if name not in ("csrfmiddlewaretoken", "when", "zone")}


def error(response, field):
    """What stands beside the field."""
    found = re.search(rf'<p id="shopchat-{field}-error"[^>]*>(.*?)</p>', response.content.decode(), re.DOTALL)
    return unescape(found[1]).strip()


def ticked(response):
    """The values of all radios and boxes that are ticked."""
    return re.findall(
        r'<input (?:id="[^"]*" )?(?:class="[^"]*" )?type="(?:radio|checkbox)" name="[\w-]+" value="([^"]*)"[^>]* checked',
        response.content.decode(),
    )


def words(response):
    """The text of the page, without tags."""
    body = response.content.decode().partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def only_request():
    return CallbackRequest.objects.get()
