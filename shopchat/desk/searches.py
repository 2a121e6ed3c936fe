"""What operators look for is kept in their session, and addresses only name its place there.

They look for telephone numbers, names and e-mail addresses, and what stands in an address stands in the logs of every
server on the way.
"""

import secrets

from django.http import HttpRequest

KEPT = 20
MAX_LENGTH = 100
SESSION_KEY = "shopchat_searches"


def keep(request: HttpRequest, typed: str) -> str:
    """Remember what was typed, with the nineteen before it. Returns the word that stands for it, empty for nothing."""
    typed = typed.replace("\x00", "").strip()[:MAX_LENGTH]
    if not typed:
        return ""
    place = secrets.token_urlsafe(9)
    request.session[SESSION_KEY] = [*request.session.get(SESSION_KEY, []), [place, typed]][-KEPT:]
    return place


def asked(request: HttpRequest) -> dict[str, str]:
    """The fields of the address, with what is looked for as ``q``; nothing once the session has forgotten it."""
    fields = {name: str(value) for name, value in request.GET.items()}
    if place := fields.get("search"):
        fields["q"] = dict(request.session.get(SESSION_KEY, [])).get(place, "")
    return fields
