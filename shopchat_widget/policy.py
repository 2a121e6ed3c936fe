"""Headers of every answer of ours, whatever the shop's own policy is."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.templatetags.static import static

from shopchat.live.answers import MARKER

CSP = "Content-Security-Policy"


def protect(response: HttpResponse) -> HttpResponse:
    """Set the policy, keep the answer out of caches, allow frames of this site only, and mark it as ours."""
    name, value = MARKER
    response.headers[name] = value
    # Django's and django-csp's middleware leave a header alone that is there already; so does Django's clickjacking one.
    response.headers[CSP] = content_security_policy()
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    # The shop's trial policy would report our pages for rules that they were not written for.
    response._csp_ro_config = {}  # type: ignore[attr-defined]  # Django 6
    response._csp_exempt_ro = True  # type: ignore[attr-defined]  # django-csp
    return response


def content_security_policy() -> str:
    """Everything from this site only, nothing inline; files also from where the shop keeps them.

    Nothing runs from where media files are kept: people upload them.
    """
    ours = static("shopchat_widget/chat.css")
    files, pictures = (" ".join(["'self'", *_origins(*where)]) for where in ([ours], [ours, str(settings.MEDIA_URL)]))
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {files}",
            f"style-src {files}",
            f"img-src {pictures} data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        ]
    )


def _origins(*addresses: str) -> list[str]:
    parts = [urlsplit(address) for address in addresses]
    return sorted({f"{part.scheme or 'https'}://{part.netloc}" for part in parts if part.netloc})
