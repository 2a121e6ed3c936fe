"""The numbers in the menu: how many conversations, callbacks and baskets call this operator."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from shopchat.callbacks import access as callbacks
from shopchat.carts import access as carts
from shopchat.conversations import access
from shopchat.desk.cursors import milliseconds
from shopchat.desk.live import ticket_for
from shopchat.live.transport import stream_url
from shopchat.operators.models import Operator


@dataclass(frozen=True)
class Due:
    """The callbacks that call somebody. ``newest`` is when the latest became due or overdue, in milliseconds since 1970."""

    count: int
    newest: int

    @property
    def words(self) -> str:
        """The number as a sentence, empty for zero."""
        if not self.count:
            return ""
        sentence = ngettext("%(count)s customer is to be called", "%(count)s customers are to be called", self.count)
        return sentence % {"count": self.count}


def calling(user: Any) -> int:
    """How many conversations wait for this user or for anybody. One query; makes no operator."""
    return access.for_operator(user).calling_user(user).counted()


def due(user: Any) -> Due:
    """The callbacks that are due, and this user's or nobody's. One query; makes no operator."""
    now = timezone.now()
    counted = callbacks.for_operator(user).calling_user(user, now).summed_up(now)
    return Due(counted["count"], milliseconds(counted["newest"]))


def helping(user: Any) -> int:
    """How many baskets need a person, and are this user's task or nobody's. One query; makes no operator."""
    return carts.for_operator(user).calling_user(user).counted()


def baskets_words(count: int) -> str:
    """The number of baskets as a sentence, empty for zero."""
    if not count:
        return ""
    sentence = ngettext("%(count)s basket needs a person", "%(count)s baskets need a person", count)
    return sentence % {"count": count}


def words(count: int) -> str:
    """The number of conversations as a sentence, empty for zero."""
    if not count:
        return ""
    sentence = ngettext("%(count)s conversation is waiting", "%(count)s conversations are waiting", count)
    return sentence % {"count": count}


def badge_of(request: HttpRequest, operator: Operator) -> dict[str, Any]:
    """What the script on every admin page needs."""
    count, called = access.for_operator(request.user).calling(operator).counted(), due(request.user)
    baskets = helping(request.user)
    return {
        "count": count,
        "words": words(count),
        "callbacks": called.count,
        "callbacks_words": called.words,
        "baskets": baskets,
        "baskets_words": baskets_words(baskets),
        "ticket": ticket_for(request, None),
        "poll": reverse("shopchat:poll"),
        "stream": stream_url(),
    }
