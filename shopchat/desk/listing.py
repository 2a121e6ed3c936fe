"""The list of conversations: which ones, in pages that do not shift while people write."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from shopchat.conversations import access
from shopchat.conversations.models import Conversation
from shopchat.conversations.querysets import ConversationQuerySet
from shopchat.desk.badge import Due, due, words
from shopchat.desk.cursors import decode, encode, milliseconds
from shopchat.desk.searches import MAX_LENGTH
from shopchat.operators.models import Operator

PAGE = 25
MAX_ROWS = 200
MINE, UNASSIGNED, ALL, CLOSED = FILTERS = ("mine", "unassigned", "all", "closed")


@dataclass(frozen=True)
class Asked:
    """What the list is asked for. ``size`` is how many rows a page holds; ``search`` stands for ``query`` in addresses, see
    :mod:`shopchat.desk.searches`.
    """

    show: str = ALL
    query: str = ""
    search: str = ""
    before: str = ""
    size: int = PAGE

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "Asked":
        """From a query string; what makes no sense there falls back to the default."""
        show = parameters.get("show", "")
        rows = parameters.get("rows", "")
        return cls(
            show=show if show in FILTERS else ALL,
            query=parameters.get("q", "").replace("\x00", "").strip()[:MAX_LENGTH],
            search=parameters.get("search", ""),
            before=parameters.get("before", ""),
            size=min(max(int(rows), PAGE), MAX_ROWS) if rows.isascii() and rows.isdecimal() and len(rows) < 5 else PAGE,
        )

    @property
    def looked_for(self) -> str:
        """The part of an address that asks for the same search."""
        named = {"search": self.search} if self.search else {"q": self.query}
        return urlencode(named) if self.query else ""


@dataclass(frozen=True)
class Listing:
    """A page of the list. ``older`` is the cursor of the next one, empty on the last; ``waiting`` sums up who waits,
    ``due`` who is to be called.
    """

    asked: Asked
    rows: list[Conversation]
    waiting: Mapping[str, Any]
    older: str
    due: Due

    @property
    def calling(self) -> int:
        """How many wait for this operator or for anybody."""
        return int(self.waiting[MINE] + self.waiting[UNASSIGNED])

    @property
    def calling_words(self) -> str:
        """The same as a sentence, for those who do not see the number change."""
        return words(self.calling)

    @property
    def newest(self) -> int:
        """When the latest call came, in milliseconds since 1970: the desk sounds when it grows."""
        return milliseconds(self.waiting["newest"])

    @property
    def filters(self) -> list[tuple[str, str, int]]:
        """Key, label and number of those that wait, for each filter."""
        labels = {MINE: _("Mine"), UNASSIGNED: _("Unassigned"), ALL: _("All"), CLOSED: _("Closed")}
        return [(key, label, self.waiting.get(key, 0)) for key, label in labels.items()]

    @property
    def nothing(self) -> str:
        """What an empty list means."""
        return {
            MINE: _("You have no open conversations."),
            UNASSIGNED: _("Nobody is waiting for an operator."),
            ALL: _("There are no open conversations."),
            CLOSED: _("Nothing was closed yet."),
        }[self.asked.show]


def listing(user: Any, operator: Operator, asked: Asked) -> Listing:
    """The conversations that ``asked`` describes. Raises ``Refusal`` for a cursor that is none of ours."""
    permitted = access.for_operator(user)
    found = _chosen(permitted, operator, asked)
    if asked.before:
        found = found.before(*decode(asked.before))
    rows = list(found.for_list().latest_first()[: asked.size + 1])
    last = rows[: asked.size][-1] if rows else None
    older = encode(last.last_message_at, last.pk) if last and len(rows) > asked.size else ""
    return Listing(asked, rows[: asked.size], permitted.waiting_summary(operator), older, due(user))


def _chosen(permitted: ConversationQuerySet, operator: Operator, asked: Asked) -> ConversationQuerySet:
    if asked.query:  # who searches wants it found, wherever it is
        return permitted.search(asked.query)
    if asked.show == MINE:
        return permitted.open().assigned_to(operator)
    if asked.show == UNASSIGNED:
        return permitted.open().unassigned()
    return permitted.closed() if asked.show == CLOSED else permitted.open()
