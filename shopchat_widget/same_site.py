"""Whether a form was sent by one of our pages, where no cookie may be set that a token could be held against.

The page behind a link must not set any: programs that check mail open it, and so does whoever only looks. Browsers say by
themselves where a form comes from, and no other site can make them say otherwise.
"""

from urllib.parse import urlsplit

from django.http import HttpRequest


def is_from_here(request: HttpRequest) -> bool:
    """What the browser says in ``Sec-Fetch-Site`` or, where it says nothing there, in ``Origin``.

    The first is missing in old browsers and on hosts without TLS; the second says ``null`` on a page that tells no referrer.
    """
    if site := request.headers.get("Sec-Fetch-Site", ""):
        return site == "same-origin"
    origin = urlsplit(request.headers.get("Origin", ""))
    return bool(origin.netloc) and origin.netloc.lower() == request.get_host().lower()
