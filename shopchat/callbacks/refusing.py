"""Why a request cannot be taken as it was sent, in sentences for whoever sent it."""

from collections.abc import Mapping

from shopchat.callbacks.models import CallbackRequest
from shopchat.callbacks.slots import Slot


class Rejected(Exception):
    """Nothing was stored. ``errors`` says what to do, by field: ``phone``, ``name``, ``about``, ``when``, ``consent``, and
    the empty one for the form as a whole. The sentences are in the active language.

    ``free`` is the slot to propose instead of one that cannot be had.
    """

    def __init__(self, errors: Mapping[str, str], *, free: Slot | None = None) -> None:
        super().__init__(", ".join(errors))
        self.errors = dict(errors)
        self.free = free


class NumberWaits(Exception):
    """The contact's own ``request`` waits for a call to this number; nothing was stored.

    A number waits once. If the customer says that the waiting request is to be changed, the form is sent again with
    ``replace`` in it.
    """

    def __init__(self, request: CallbackRequest, replace: str) -> None:
        super().__init__()
        self.request = request
        self.replace = replace


class NotWaiting(Exception):
    """Nobody has to be called any more: the ``request`` is done or was called off."""

    def __init__(self, request: CallbackRequest) -> None:
        super().__init__()
        self.request = request
