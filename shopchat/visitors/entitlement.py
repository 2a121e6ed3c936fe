"""Whether holders of live tickets are still entitled to them, read from what is true now.

However an account was closed or a permission taken, in the admin, by a script or with SQL: these look at the rows.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from shopchat.live.guards import register_guard
from shopchat.operators.roster import may_enter, people_at_the_desk
from shopchat.visitors import holders


def register() -> None:
    """Teach the live layer to look at accounts, operators and passwords."""
    register_guard(holders.ACCOUNT, closed_accounts)
    register_guard(holders.OPERATOR, dismissed_operators)
    register_guard(holders.PASSWORD, changed_passwords)


def closed_accounts(named: Sequence[str]) -> set[str]:
    """Those whose account is deleted or not active."""
    return set(named) - {holders.of_account(user) for user in _users(map(_whose, named)).only("pk")}


def dismissed_operators(named: Sequence[str]) -> set[str]:
    """Those who may no longer enter the desk."""
    present = people_at_the_desk().filter(pk__in=_keys(map(_whose, named))).only("pk")
    doubtful = set(named) - {holders.of_operator(user) for user in present}
    # A back end of the shop's own may permit what no row says: it is asked about those alone.
    asked = _users(map(_whose, doubtful)) if doubtful else ()
    return doubtful - {holders.of_operator(user) for user in asked if may_enter(user)}


def changed_passwords(named: Sequence[str]) -> set[str]:
    """Those who signed in with another password than the present one."""
    return set(named) - {holders.of_password(user) for user in _users(map(_whose_password, named))}


def _whose(holder: str) -> str:
    return holder.partition(".")[2]


def _whose_password(holder: str) -> str:
    return _whose(holder).rpartition(".")[0]


def _users(keys: Iterable[str]) -> QuerySet[Any]:
    return get_user_model()._default_manager.filter(pk__in=_keys(keys), is_active=True)


def _keys(keys: Iterable[str]) -> set[Any]:
    """The primary keys among these texts; what cannot be one matches nobody."""
    found = set()
    for key in keys:
        with suppress(ValidationError):
            found.add(get_user_model()._meta.pk.to_python(key))
    return found
