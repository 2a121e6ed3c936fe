"""How often somebody may ask for calls, in words for whoever has to wait."""

import math

from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopchat.callbacks.refusing import Rejected
from shopchat.conf import settings
from shopchat.core.ratelimits import RateLimited, hit

LONG_WAIT_SECONDS = 120
LONG_WAIT_MINUTES = 120


class TooOften(Rejected):
    """``retry_after`` says in how many seconds it may go on; the sentence says it, too."""

    def __init__(self, field: str, says: str, *, retry_after: int) -> None:
        super().__init__({field: says})
        self.retry_after = retry_after


def count(limit: str, *key: str, field: str = "", says: str = "") -> None:
    """Count one under the limit of this name. Raises :class:`TooOften` with the sentence beside ``field``."""
    try:
        hit(settings.RATE_LIMITS[limit], limit, *key)
    except RateLimited as error:
        says = says or _("You have asked for calls very often.")
        raise TooOften(field, f"{says} {try_again(error.retry_after)}", retry_after=error.retry_after) from error


def count_number(phone: str) -> None:
    """One more new request for this number, whoever makes it: nobody is to be called again and again in jest."""
    # Keyed: caches are read by others, and a plain hash of a number is found in a list of numbers.
    key = salted_hmac("shopchat.callbacks.number", phone, algorithm="sha256").hexdigest()[:32]
    count("callback_numbers", key, field="phone", says=_("Calls to this number were asked for very often."))


def count_move(request_id: int) -> None:
    """One more change of this request by its customer: each is a line in the conversation, and most of them a mail."""
    count("callback_moves", str(request_id), field="when")


def try_again(seconds: int) -> str:
    """When it may go on."""
    if seconds < LONG_WAIT_SECONDS:
        return ngettext("Please try again in %(count)s second.", "Please try again in %(count)s seconds.", seconds) % {
            "count": seconds
        }
    if seconds < LONG_WAIT_MINUTES * 60:
        minutes = math.ceil(seconds / 60)
        return ngettext("Please try again in %(count)s minute.", "Please try again in %(count)s minutes.", minutes) % {
            "count": minutes
        }
    hours = math.ceil(seconds / 3600)
    return ngettext("Please try again in %(count)s hour.", "Please try again in %(count)s hours.", hours) % {
        "count": hours
    }
