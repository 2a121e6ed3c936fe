"""One run: a site, people who write in it, faults, and at the end what everybody finds.

Nothing here asks the database. What a run knows was told to somebody over HTTP.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.browsers import Unanswered
from tests.faults.injecting import Injector
from tests.faults.journal import Entry, Journal
from tests.faults.judging import Violation, judge, proof
from tests.faults.mails import mails
from tests.faults.parties import Operator, Party, Visitor
from tests.faults.readers import Follower
from tests.faults.running import Site, Wanted
from tests.faults.schedule import Fault, schedule
from tests.faults.site.people import NAMES

VISITORS = 3
NEWCOMERS = 4
RECOVERY = 15.0
PATIENCE = 30.0


@dataclass
class Result:
    """What came of a run. ``problems`` are reasons to think that it proved nothing."""

    wanted: Wanted
    violations: list[Violation]
    problems: list[str]
    bitten: int
    acked: int
    seconds: float
    entries: list[Entry] = field(repr=False, default_factory=list)
    folder: Path | None = None

    @property
    def is_clean(self) -> bool:
        return not self.violations and not self.problems

    def rules(self) -> set[str]:
        """The ids of the rules that were broken."""
        return {violation.rule for violation in self.violations}


def run(
    wanted: Wanted,
    *,
    faults: int,
    only: tuple[str, ...] = (),
    grace: float = 40.0,
    calm: float = 0.4,
    keep: bool = False,
) -> Result:
    """Do ``faults`` faults that bite, of the kinds ``only`` if given, and judge.

    ``calm`` is the time before each fault. ``grace`` is how long pages that have not caught up at the end are waited for.
    """
    began = time.monotonic()
    with Site(wanted, keep=keep) as site:
        journal = Journal(site.folder / "journal.jsonl")
        journal.note("run", seed=wanted.seed, database=wanted.database, layout=wanted.layout, redis=wanted.redis)
        people = _People(site, journal)
        people.arrive()
        bitten = _torture(site, people, journal, schedule(wanted, only=only), faults, calm)
        people.finish()
        if wanted.worker:
            _wait_for_mail(site, people, journal)
        _last_look(people, journal, grace)
        journal.close()
    violations = judge(journal.entries)
    problems = proof(journal.entries, faults=faults)
    acked = sum(entry["outcome"] == "acked" for entry in journal.of("told"))
    seconds = round(time.monotonic() - began, 1)
    return Result(wanted, violations, problems, bitten, acked, seconds, journal.entries, site.folder if keep else None)


class _People:
    """Everybody who writes or reads."""

    def __init__(self, site: Site, journal: Journal):
        self.site, self.journal = site, journal
        self.numbers: dict[str, str] = {}
        self.how: dict[str, Any] = {
            "habit": site.wanted.habit,
            "believes_anything": site.wanted.plant == "takes_a_portal_for_an_answer",
        }
        self.parties: list[Party] = []
        self.followers: list[Follower] = []
        self._watched: set[tuple[str, str]] = set()

    @property
    def visitors(self) -> list[Visitor]:
        return [party for party in self.parties if isinstance(party, Visitor)]

    @property
    def operators(self) -> list[Operator]:
        return [party for party in self.parties if isinstance(party, Operator)]

    def arrive(self) -> None:
        """Everybody comes, and everybody's first message is stored before the first fault."""
        for place in range(VISITORS):
            self._add(self._visitor(f"visitor{place}"))
        for name in NAMES:
            self._add(Operator(name, self.site.front.port, self.journal, str(self.site.wanted.seed), **self.how))
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not all(visitor.number for visitor in self.visitors):
            time.sleep(0.05)
        self.watch()

    def newcomer(self, at_once: int) -> Party | None:
        """Somebody writes for the first time, in the middle of it."""
        count = len(self.visitors) - VISITORS
        if count >= NEWCOMERS:
            return None
        visitor = self._visitor(f"newcomer{count}")
        visitor.at_once = at_once
        return self._add(visitor)

    def somebody_patient(self) -> Visitor:
        """Writes one message and waits."""
        visitor = self._visitor("patient0")
        self.parties.append(visitor)
        while not visitor.number:
            try:
                visitor.enter()
                visitor.act()
            except Unanswered:
                time.sleep(0.2)
        return visitor

    def watch(self) -> None:
        """Open a page on every conversation for its customer and for each operator, where none is open yet."""
        for visitor in self.visitors:
            if visitor.number:
                self._follow(visitor, visitor.number, "visitor")
        for operator in self.operators:
            for number in operator.numbers:
                self._follow(operator, number, "operator")

    def finish(self) -> None:
        """What is on its way is still repeated until it is answered; after that nobody writes."""
        for party in self.parties:
            party.finishing.set()
        until = time.monotonic() + PATIENCE
        for party in self.parties:
            if not party.join(until - time.monotonic()):
                self.journal.note("never answered", party=party.name)
                party.gone.set()
                party.join(10)

    def _visitor(self, name: str) -> Visitor:
        seed = str(self.site.wanted.seed)
        return Visitor(name, self.site.front.port, self.journal, seed, strangers=self.numbers, **self.how)

    def _add(self, party: Party) -> Party:
        self.parties.append(party)
        party.start()
        return party

    def _follow(self, party: Party, number: str, kind: str) -> None:
        if (party.name, number) in self._watched:
            return
        self._watched.add((party.name, number))
        # Of the operators one polls, so that both ways are followed wherever there are both.
        streams = self.site.wanted.layout != "gunicorn" and party.name != NAMES[-1]
        follower = Follower(party.name, number, party.browser, self.journal, kind=kind, streams=streams)
        self.followers.append(follower)
        follower.start()


def _torture(site: Site, people: _People, journal: Journal, faults: Iterator[Fault], wanted: int, calm: float) -> int:
    injector = Injector(site, people.parties, journal, people.newcomer)
    bitten = 0
    for _try in range(3 * wanted + 5):
        if bitten >= wanted:
            break
        time.sleep(calm)
        bitten += bool(injector.inject(next(faults)))
        _recover(journal)
        _supervise(site, journal)
        people.watch()
    return bitten


def _recover(journal: Journal) -> None:
    """Wait for the first message that is stored after the fault."""
    ended = time.monotonic()
    while time.monotonic() < ended + RECOVERY:
        if any(entry["t"] > ended and entry["outcome"] == "acked" for entry in journal.of("told")[-20:]):
            return
        time.sleep(0.05)


def _supervise(site: Site, journal: Journal) -> None:
    if site.keep_worker_running():
        journal.note("worker started again")


def _wait_for_mail(site: Site, people: _People, journal: Journal) -> None:
    """Somebody writes when nobody answers any more: every operator is to be told of it by mail, faults or not."""
    patient = people.somebody_patient()
    expected = {f"{name}@demo.test about {patient.number}" for name in NAMES}
    for about in sorted(expected):
        journal.note("expected effect", about=about)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not expected <= {mail["about"] for mail in mails(site.mail_folder)}:
        _supervise(site, journal)
        time.sleep(0.1)
    time.sleep(0.5)  # a second copy would come right behind
    for mail in mails(site.mail_folder):
        journal.note("effect", **mail)


def _last_look(people: _People, journal: Journal, grace: float) -> None:
    """Everybody reads everything; open pages have ``grace`` seconds to come to the same."""
    people.watch()
    wanted = {}
    for visitor in people.visitors:
        if visitor.number:
            wanted[visitor.number] = _read_all(visitor, visitor.number, journal, visitor.whole_thread)
    for operator in people.operators:
        numbers = _insist(operator.look_at_list)
        journal.note("listed", party=operator.name, conversations=numbers)
        for number in numbers:
            end = _read_all(
                operator, number, journal, lambda number=number, operator=operator: operator.whole_thread(number)
            )
            wanted[number] = max(end, wanted.get(number, 0))
    people.watch()
    until = time.monotonic() + grace
    while time.monotonic() < until and any(page.cursor < wanted.get(page.number, 0) for page in people.followers):
        time.sleep(0.05)
    for follower in people.followers:
        follower.end()
    for follower in people.followers:
        follower.join()


def _read_all(party: Party, number: str, journal: Journal, read: Any) -> int:
    lines, page = _insist(read)
    marks = {name: page.number(name) for name in ("cursor", "seen", "delivered", "read")}
    journal.note("final", party=party.name, conversation=number, lines=lines, **marks)
    return int(marks["cursor"])


def _insist(read: Any) -> Any:
    """A last look is repeated until it is answered: the faults are over."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return read()
        except Unanswered:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
