"""Who may read which figures."""

from typing import Any

from shopchat.callbacks.access import SUPERVISE
from shopchat.operators.roster import may_answer

CHANGE_OPERATORS = "shopchat.change_operator"


def sees_everybodys(user: Any) -> bool:
    """Whether the user sees the figures of the shop and of each operator: who supervises calls or edits operators."""
    return bool(user.is_active and (user.has_perm(SUPERVISE) or user.has_perm(CHANGE_OPERATORS)))


def sees_some(user: Any) -> bool:
    """Whether there are figures for this user at all: an operator sees their own."""
    return sees_everybodys(user) or may_answer(user)
