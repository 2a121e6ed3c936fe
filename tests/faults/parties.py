"""Those who write: customers in the widget and operators at the desk, each a thread.

They behave as our scripts do. One message after the other; each repeated under its id until an answer with our mark says
that it is stored, or refused.
"""

import random
import threading
import time
import uuid
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.faults import browsers
from tests.faults.browsers import Answer, Browser, Drawn, Unanswered
from tests.faults.journal import Journal
from tests.faults.site.people import PASSWORD
from tests.faults.words import marker_of, new_text

AT_ONCE = 20
PAUSE = 0.15
ACKED, REJECTED, LATER, UNKNOWN = "acked", "rejected", "later", "unknown"


class Party(ABC):
    """Somebody with a browser who writes until told to ``finish``.

    ``habit`` is what they do every other time. ``believes_anything`` is a bug planted in the browser: any 2xx counts as an
    answer of ours.
    """

    def __init__(
        self, name: str, port: int, journal: Journal, seed: str, *, habit: str = "", believes_anything: bool = False
    ):
        self.name, self.journal = name, journal
        self.browser = Browser(port)
        self.rng = random.Random(f"{seed}/{name}")
        self.habit, self.believes_anything = habit, believes_anything
        self.at_once = 1
        self.finishing = threading.Event()
        self.gone = threading.Event()
        self._said = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def join(self, seconds: float) -> bool:
        self._thread.join(max(0.0, seconds))
        return self.is_done()

    def _run(self) -> None:
        while not self.finishing.is_set():
            try:
                if not self.is_ready():
                    self.enter()
                    continue
                self.act()
            except Unanswered:
                pass
            self.gone.wait(PAUSE * self.rng.uniform(0.5, 1.5))

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the page is open."""

    @abstractmethod
    def enter(self) -> None:
        """Open the page, sign in. Raises :class:`Unanswered`."""

    @abstractmethod
    def act(self) -> None:
        """Do one thing."""

    @abstractmethod
    def renew(self) -> None:
        """Fetch a new CSRF token. Raises :class:`Unanswered`."""

    def new_text(self) -> str:
        self._said += 1
        return new_text(self.rng, self.name, self._said)

    def say(
        self, url: str, fields: dict[str, Any], *, tries: int | None = None, refused: bool = False, **facts: Any
    ) -> str:
        """Send and repeat. ``tries`` is after how many somebody gives up; answers what became of it."""
        sent = {"party": self.name, "marker": marker_of(fields["text"]), "text": fields["text"], **facts}
        self.journal.note("send", id=fields["client_id"], refused=refused, **sent)
        attempt, outcome, answer = 0, UNKNOWN, None
        while not self.gone.is_set():
            attempt += 1
            outcome, answer = self._try(url, fields)
            if outcome in (ACKED, REJECTED) or attempt == tries:
                break
            self.gone.wait(PAUSE * min(attempt, 6))
        outcome = UNKNOWN if outcome == LATER else outcome
        self._report(sent["marker"], outcome, answer, attempt)
        return outcome

    def _report(self, marker: str, outcome: str, answer: Answer | None, attempt: int) -> None:
        lines = browsers.read(answer.body).lines if answer and outcome == ACKED else []
        status = answer.status if answer else 0
        self.journal.note(
            "told", party=self.name, marker=marker, outcome=outcome, status=status, tries=attempt, lines=lines
        )

    def _try(self, url: str, fields: dict[str, Any]) -> tuple[str, Answer | None]:
        copies, self.at_once = self.at_once, 1
        if copies == 1:
            return self._send(url, fields)
        with ThreadPoolExecutor(copies) as pool:
            results = list(pool.map(lambda _: self._send(url, fields), range(copies)))
        self.journal.note("burst", party=self.name, outcomes=[outcome for outcome, _answer in results])
        places = {line["seq"] for _outcome, answer in results if answer for line in browsers.read(answer.body).lines}
        if len(places) > 1:
            self.journal.note(
                "answers differ", party=self.name, marker=marker_of(fields["text"]), places=sorted(places)
            )
        acked = [result for result in results if result[0] == ACKED]
        return acked[0] if acked else results[0]

    def _send(self, url: str, fields: dict[str, Any]) -> tuple[str, Answer | None]:
        try:
            answer = self.browser.post(url, fields)
            if answer.status == 403:
                self.renew()
                answer = self.browser.post(url, fields)
        except Unanswered:
            return UNKNOWN, None
        return self._judge(answer), answer

    def _judge(self, answer: Answer) -> str:
        if 200 <= answer.status < 300 and self.believes_anything:
            return ACKED
        if not answer.is_ours:
            return UNKNOWN
        if 200 <= answer.status < 300:
            return ACKED
        if answer.status == 429:
            return LATER
        return REJECTED if 400 <= answer.status < 500 and answer.status != 403 else UNKNOWN


class Visitor(Party):
    """A customer without an account. ``strangers`` are conversation numbers of others, to be tried."""

    number = ""
    start_token = ""
    seen = 0

    def __init__(self, *args: Any, strangers: dict[str, str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.strangers = strangers
        self._page: Drawn | None = None

    def is_ready(self) -> bool:
        return self._page is not None

    def enter(self) -> None:
        answer = self.browser.get("/chat/?lang=en")
        if answer.status != 200 or not answer.is_ours:
            raise Unanswered(str(answer.status))
        self.start_token = browsers.page_settings(answer.body).get("start", "")
        self._page = browsers.read(answer.body)

    def renew(self) -> None:
        self.browser.get("/chat/ticket/?lang=en" + (f"&c={self.number}" if self.number else ""))

    def act(self) -> None:
        if not self.number:
            self._write(self.new_text())
        elif self.habit in self.HABITS and self.rng.random() < 0.5:
            self.HABITS[self.habit](self)
        else:
            self.rng.choices(*zip(*self.CHOICES, strict=True))[0](self)

    def _say(self) -> None:
        self._write(self.new_text())

    def _leave_early(self) -> None:
        """Close the page before the answer comes."""
        self._write(self.new_text(), tries=1)

    def _say_too_much(self) -> None:
        self._write(self.new_text() + "x" * 4000, refused=True)

    def _write(self, text: str, *, client_id: str = "", number: str = "", **how: Any) -> str:
        fields = {"text": text, "client_id": client_id or uuid.uuid4().hex, "start": self.start_token}
        fields |= {"page": "/tents/", "conversation": number or self.number}
        outcome = self.say(
            "/chat/messages/?lang=en", fields, kind="inbound", conversation=fields["conversation"], **how
        )
        self.last = fields["client_id"] if outcome == ACKED and not how.get("refused") else ""
        return outcome

    def _report(self, marker: str, outcome: str, answer: Answer | None, attempt: int) -> None:
        super()._report(marker, outcome, answer, attempt)
        if answer and outcome == ACKED and not self.number and answer.is_ours:
            self.number = browsers.read(answer.body).marks.get("number", "")
            self.strangers[self.name] = self.number
            self.journal.note("owns", party=self.name, conversation=self.number)

    last = ""

    def _reuse(self) -> None:
        """Another text under the id of a stored message: refused, and never shown."""
        if self.last:
            self._write(self.new_text(), client_id=self.last, refused=True)

    def _read_up_to(self) -> None:
        page = browsers.read(self.browser.get(f"/chat/?lang=en&c={self.number}").body)
        cursor = page.number("cursor")
        answer = self.browser.post(f"/chat/c/{self.number}/seen/?lang=en", {"up_to": cursor})
        if answer.status == 204 and answer.is_ours:
            self.journal.note("receipt", party=self.name, conversation=self.number, what="seen", up_to=cursor)

    def _try_a_door(self) -> None:
        """Look into somebody else's conversation, and write into it."""
        others = [number for name, number in self.strangers.items() if name != self.name and number != self.number]
        if not others:
            return
        number = self.rng.choice(others)
        for path in (f"/chat/c/{number}/updates/?after=0", f"/chat/c/{number}/older/?before=99", f"/chat/?c={number}"):
            answer = self.browser.get(path)
            lines = browsers.read(answer.body).lines
            self.journal.note("saw", party=self.name, how="a stranger's door", status=answer.status, lines=lines)
        self._write(self.new_text(), number=number, refused=True)

    HABITS = {"reuse": _reuse, "receipts": _read_up_to, "doors": _try_a_door}
    CHOICES = ((_say, 72), (_leave_early, 8), (_say_too_much, 4), (_reuse, 6), (_read_up_to, 5), (_try_a_door, 5))

    def whole_thread(self) -> tuple[list[browsers.Line], Drawn]:
        """Every line there is, by paging back as the browser does; and the page itself."""
        page = _ours(self.browser.get(f"/chat/?lang=en&c={self.number}"))
        lines, before = page.lines, page.marks.get("older")
        while before:
            older = _ours(self.browser.get(f"/chat/c/{self.number}/older/?lang=en&before={before}"))
            lines, before = [*older.lines, *lines], older.marks.get("older")
        return lines, page


class Operator(Party):
    """Answers, notes, takes, releases, closes and reads. Hears of conversations from the list, as the desk does."""

    DESK = "/cms/chat"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.numbers: list[str] = []
        self._signed_in = False
        self._listed_at = 0.0

    def is_ready(self) -> bool:
        return self._signed_in

    def enter(self) -> None:
        self.browser.get("/cms/login/")
        answer = self.browser.post("/cms/login/", {"username": self.name, "password": PASSWORD, "next": "/cms/chat/"})
        self._signed_in = answer.status == 302 and "sessionid" in self.browser.cookies

    def renew(self) -> None:
        self.browser.get("/cms/login/")

    def look_at_list(self) -> list[str]:
        """The numbers in the list, newest first. Raises :class:`Unanswered`."""
        found = []
        for show in ("all", "closed"):
            answer = self.browser.get(f"{self.DESK}/list/?show={show}&rows=200")
            if not answer.is_ours:
                raise Unanswered(str(answer.status))
            found += [part[:8] for part in answer.body.split('data-number="')[1:]]
        self.numbers = list(dict.fromkeys(found))
        return self.numbers

    def act(self) -> None:
        if time.monotonic() - self._listed_at > 1:
            self.look_at_list()
            self._listed_at = time.monotonic()
        if not self.numbers:
            return
        number, kind = self.rng.choice(self.numbers), self.rng.random()
        if self.habit == "notes":
            kind /= 4
        if kind < 0.75:
            self._write(number, "note" if kind < 0.15 else "reply", tries=1 if kind > 0.70 else None)
        elif kind < 0.80:
            self._write(number, "reply", extra="x" * 4000, refused=True)
        elif kind < 0.90:
            deed = self.rng.choice(["take", "release", "close", "reopen"])
            answer = self.browser.post(f"{self.DESK}/{number}/{deed}/", {})
            self.journal.note("deed", party=self.name, conversation=number, what=deed, status=answer.status)
        else:
            self._read_up_to(number)

    def _write(self, number: str, kind: str, *, extra: str = "", **how: Any) -> None:
        fields = {"text": self.new_text() + extra, "client_id": uuid.uuid4().hex, "kind": kind}
        self.say(f"{self.DESK}/{number}/messages/send/", fields, kind=kind, conversation=number, **how)

    def _read_up_to(self, number: str) -> None:
        page = _ours(self.browser.get(f"{self.DESK}/{number}/pane/"))
        cursor = page.number("cursor")
        answer = self.browser.post(
            f"{self.DESK}/receipts/", {"read": f"{number}:{cursor}", "delivered": f"{number}:{cursor}"}
        )
        if answer.status == 204 and answer.is_ours:
            self.journal.note("receipt", party=self.name, conversation=number, what="read", up_to=cursor)

    def whole_thread(self, number: str) -> tuple[list[browsers.Line], Drawn]:
        """Every line of a conversation, by paging back as the desk does; and the pane itself."""
        pane = _ours(self.browser.get(f"{self.DESK}/{number}/pane/"))
        lines, older = pane.lines, pane.marks.get("older")
        while older and lines:
            page = _ours(self.browser.get(f"{self.DESK}/{number}/messages/older/?before={lines[0]['seq']}"))
            lines, older = [*page.lines, *lines], page.marks.get("has-older")
        # How far the customer has read stands in the updates alone.
        pane.marks |= _ours(self.browser.get(f"{self.DESK}/{number}/messages/?after=0")).marks
        return lines, pane


def _ours(answer: Answer) -> Drawn:
    if answer.status != 200 or not answer.is_ours:
        raise Unanswered(str(answer.status))
    return browsers.read(answer.body)
