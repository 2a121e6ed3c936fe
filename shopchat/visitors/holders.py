"""Who a live ticket was given to, in words that tell nothing: a log-in, a browser's key, an account, an operator.

When one of them is revoked, every ticket that names it is dead.
"""

from typing import Any

from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

SESSION, VISITOR, ACCOUNT, OPERATOR, PASSWORD = "session", "visitor", "account", "operator", "password"


def of_visitor(key_hash: str) -> str:
    """The browser that holds the key with this hash."""
    return f"{VISITOR}.{_digest(VISITOR, key_hash)}"


def of_account(user: Any) -> str:
    """Every log-in of this customer."""
    return f"{ACCOUNT}.{user.pk}"


def of_operator(user: Any) -> str:
    """Every log-in of this user at the desk."""
    return f"{OPERATOR}.{user.pk}"


def of_session(session: Any) -> str:
    """This log-in; empty where it has no key that stays the same."""
    return "" if lives_in_its_cookie(session) else of_session_key(getattr(session, "session_key", None) or "")


def of_session_key(key: str) -> str:
    """The log-in whose session has this key; empty for none."""
    return f"{SESSION}.{_digest(SESSION, key)}" if key else ""


def lives_in_its_cookie(session: Any) -> bool:
    """Whether nothing on the server knows the session: its "key" then is another after each change.

    There a single log-in cannot be named, only the account as a whole.
    """
    return isinstance(session, CookieSession)


def of_password(user: Any) -> str:
    """Whoever signed in to this account before its password is changed: Django ends their sessions then."""
    proof = getattr(user, "get_session_auth_hash", None)
    return f"{PASSWORD}.{user.pk}.{_digest(PASSWORD, proof())}" if proof else ""


def signed_in(request: HttpRequest, whole: str) -> list[str]:
    """The request's log-in, and ``whole``, the account or the operator that it belongs to."""
    known = (of_session(getattr(request, "session", None)), of_password(request.user), whole)
    return [holder for holder in known if holder]


def _digest(kind: str, secret: str) -> str:
    return salted_hmac(f"shopchat.visitors.holders.{kind}", secret, algorithm="sha256").hexdigest()[:32]
