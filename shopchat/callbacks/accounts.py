"""A site's account with a provider of telephony: what it opens, where its events go, and what is wrong with it."""

from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from shopchat.callbacks.models import CallAttempt, TelephonyAccount
from shopchat.core import http, sealing
from shopchat.core.sealing import CannotUnseal, unseal
from shopchat.inboxes.links import origin_of
from shopchat.telephony.base import Telephony
from shopchat.telephony.known import made, provider

A_DAY = timedelta(days=1)
# Reasons of ours for which a call was not even asked for. Such attempts cost nothing and are not counted.
REFUSALS = frozenset(
    {
        "no_account",
        "over",
        "no_number",
        "no_phone",
        "country",
        "bad_operator_phone",
        "too_many",
        "cannot_unseal",
        "no_extra",
        "set_up",
    }
)


class Unusable(Exception):
    """The account cannot be used as it is. ``code`` is one of the reasons above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def calls_by_itself(account: TelephonyAccount) -> bool:
    """Whether it names a provider that makes calls, rather than leaving them to the operator's own phone."""
    try:
        return provider(account.backend).makes_calls
    except KeyError:
        return False


@sensitive_variables()
def opened(account: TelephonyAccount) -> Telephony:
    """The provider with the account's credentials. Raises :class:`Unusable`."""
    if not (http.is_installed() and sealing.is_installed()):
        raise Unusable("no_extra")
    try:
        return made(account.backend, unseal(account.credentials))
    except KeyError:
        raise Unusable("no_account") from None
    except CannotUnseal:
        raise Unusable("cannot_unseal") from None
    except ImproperlyConfigured:
        raise Unusable("no_extra") from None


def webhook_url(account: TelephonyAccount) -> str:
    """Where the provider is to send its events; empty when the shop has not said where it is."""
    origin = origin_of(account.inbox)
    return origin + reverse("shopchat_hooks:calls", args=[account.secret]) if origin else ""


def calls_made(account: TelephonyAccount, *, now: datetime) -> int:
    """How many calls the provider was asked for in the last 24 hours, however they ended."""
    attempts = CallAttempt.objects.filter(request__inbox=account.inbox_id, started_at__gt=now - A_DAY)
    by_hand = CallAttempt.Progress.BY_HAND
    failed = CallAttempt.Progress.FAILED
    return (
        attempts.exclude(backend="tel").exclude(progress=by_hand).exclude(progress=failed, reason__in=REFUSALS).count()
    )


def troubled() -> list[tuple[TelephonyAccount, str]]:
    """Accounts in use that need somebody's attention, each with the reason. ``former_key``: it works, as long as the
    settings hold the key from before.
    """
    found = []
    for account in TelephonyAccount.objects.filter(is_active=True).exclude(backend="tel").select_related("inbox"):
        reason = trouble(account)
        if not reason and not sealing.is_current(account.credentials):
            reason = "former_key"
        if reason:
            found.append((account, reason))
    return found


def trouble(account: TelephonyAccount) -> str:
    """Why the account cannot be used, as a reason; empty if it can, as far as one sees without asking the provider."""
    try:
        return "set_up" if opened(account).check() else ""
    except Unusable as unusable:
        return unusable.code
