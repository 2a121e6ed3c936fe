"""A browser that polls, remembered between its polls so that the next one is answered from memory."""

import time
from collections.abc import Callable
from typing import Any

from shopchat.live.answers import Answer, fingerprint, news, nothing_new
from shopchat.live.tickets import VALID_SECONDS
from shopchat.live.watches import Topic, Watch

FORGET_SECONDS = 60.0


class Polled(Watch):
    """One ticket with which somebody polls. ``etag`` is empty when it has to be made again."""

    __slots__ = ("_forget", "asked_at", "etag", "expires_at", "nothing_new", "revoked")

    def __init__(self, *, issued_at: int, forget: Callable[[], object]):
        super().__init__()
        self._forget = forget
        self.expires_at = issued_at + VALID_SECONDS
        self.asked_at = time.monotonic()
        self.revoked = False
        self.etag = b""
        self.nothing_new: dict[str, Any] = {}

    def current(self) -> bytes:
        """The present ``ETag``; with it ``nothing_new`` is the head of an answer that says so."""
        if not self.etag:
            etag = fingerprint(self._stamps())
            self.etag, self.nothing_new = etag.encode(), nothing_new(etag).head()
        return self.etag

    def news(self) -> Answer:
        """All stamps."""
        return news(self._stamps(), self.current().decode())

    def is_good(self) -> bool:
        """Whether its ticket still is."""
        return not self.revoked and time.time() <= self.expires_at

    def deliver(self, made: dict[Topic, str]) -> None:
        self.pending = ()
        self.etag = b""

    def beat(self, now: float) -> str:
        return "asked no more" if now - self.asked_at > FORGET_SECONDS else ""

    def end(self, reason: str) -> None:
        """A revoked one is forgotten, too: the next poll reads what became of its ticket."""
        self._forget()

    def _stamps(self) -> dict[str, str]:
        return {topic.name: topic.stamp or "" for topic in self.topics}
