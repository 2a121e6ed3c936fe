"""Those who look on: each follows one conversation as a page does, from the moment it was opened.

A page is told that something moved, by polls or by a stream, and then fetches what happened after its cursor. What it
fetched is written down; the judge compares it with the whole thread.
"""

import contextlib
import http.client
import json
import threading

from tests.faults import browsers
from tests.faults.browsers import Answer, Browser, Unanswered
from tests.faults.journal import Journal

PAUSE = 0.3
SILENCE = 8.0
RETRY = 1.5
STREAM = "/chat/live/stream/"


class Follower:
    """One open page. ``kind`` is ``visitor`` or ``operator``; with ``streams`` it holds a stream, else it polls."""

    def __init__(self, party: str, number: str, browser: Browser, journal: Journal, *, kind: str, streams: bool):
        self.party, self.number, self.browser, self.journal, self.kind = party, number, browser, journal, kind
        self.name = f"{party} at {number}"
        self.streams = streams
        self.cursor = -1
        self.ticket = self.etag = self.last_id = ""
        self.stamps: dict[str, str] = {}
        self.behind = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Look no further; :meth:`join` waits until that is so."""
        self._ended.set()

    def join(self) -> None:
        self._thread.join(30)

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(Unanswered, ValueError):
                self._step()
            self._ended.wait(PAUSE)

    def _step(self) -> None:
        if self.cursor < 0:
            self._open()
        elif self.behind:
            self._fetch()
        elif self.streams:
            self._listen()
        else:
            self._poll()

    def _listen(self) -> None:
        """Hold a stream as long as it lasts. It goes on where the last one ended, if it knows where that was."""
        known = {"Last-Event-ID": self.last_id} if self.last_id else {}
        try:
            connection, response = self.browser.open(f"{STREAM}?ticket={self.ticket}", SILENCE, **known)
        except Unanswered:
            self._ended.wait(RETRY)
            raise
        try:
            if response.headers.get("X-Shopchat") != "1":
                return
            if response.status == 403:
                self.ticket = self._new_ticket()
            elif response.status == 200:
                self.journal.note("stream", reader=self.name, after=self.last_id)
                self._hear(response)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(type(error).__name__) from error
        finally:
            connection.close()
        self._ended.wait(RETRY)

    def _hear(self, response: http.client.HTTPResponse) -> None:
        while not self._ended.is_set():
            line = response.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                last_id = line.removeprefix("id: ")
            elif line.startswith("event: end") or not (line or response.fp):
                return
            elif line.startswith("data: "):
                self._compare(json.loads(line.removeprefix("data: ")).get("topics", {}))
                self.last_id = last_id
            while self.behind and not self._ended.is_set():
                try:
                    self._fetch()
                except Unanswered:
                    self._ended.wait(PAUSE)

    def _poll(self) -> None:
        answer = self.browser.get(f"/chat/live/poll/?ticket={self.ticket}", **self._condition())
        if not answer.is_ours:
            return
        if answer.status == 403:
            self.etag, self.ticket = "", self._new_ticket()
        elif answer.status == 200:
            self.etag = answer.headers.get("etag", "")
            self._compare(json.loads(answer.body)["topics"])
        if self.behind:
            self._fetch()

    def _condition(self) -> dict[str, str]:
        return {"If-None-Match": self.etag} if self.etag else {}

    def _compare(self, stamps: dict[str, str]) -> None:
        moved = [topic for topic, stamp in stamps.items() if self.stamps.get(topic) != stamp]
        self.stamps = {**self.stamps, **stamps}
        self.behind = self.behind or any(self.number in topic and not topic.startswith("typing") for topic in moved)

    def _open(self) -> None:
        visitor = self.kind == "visitor"
        answer = self._ours(f"/chat/?lang=en&c={self.number}" if visitor else f"/cms/chat/{self.number}/pane/")
        page, told = browsers.read(answer.body), browsers.page_settings(answer.body)
        self.ticket = told["ticket"] if visitor else page.marks["ticket"]
        self.stamps = told.get("stamps", {})
        self.cursor = page.number("cursor")
        self.journal.note(
            "opened", reader=self.name, party=self.party, conversation=self.number, lines=page.lines, cursor=self.cursor
        )

    def _fetch(self) -> None:
        """Until nothing is left, so that a move during the fetch is not missed."""
        visitor = self.kind == "visitor"
        where = f"/chat/c/{self.number}/updates/?lang=en&" if visitor else f"/cms/chat/{self.number}/messages/?"
        answer = self._ours(f"{where}after={self.cursor}", statuses=(200, 204))
        self.behind = False
        if answer.status == 204:
            return
        news = browsers.read(answer.body)
        self.journal.note(
            "got", reader=self.name, party=self.party, after=self.cursor, cursor=news.number("cursor"), lines=news.lines
        )
        self.cursor = max(self.cursor, news.number("cursor"))

    def _new_ticket(self) -> str:
        where = f"/chat/ticket/?c={self.number}" if self.kind == "visitor" else f"/cms/chat/ticket/?open={self.number}"
        return str(json.loads(self._ours(where).body)["ticket"])

    def _ours(self, path: str, statuses: tuple[int, ...] = (200,)) -> Answer:
        answer = self.browser.get(path)
        if answer.status not in statuses or not answer.is_ours:
            raise Unanswered(str(answer.status))
        return answer
