"""The judge: reads the journal of a run, and knows nothing of the product's code.

Acknowledged is what an answer with our mark and a 2xx said, refused what a 4xx of ours said; everything else is unknown.
Each rule has an id for life. They are told in ``docs/explanation/nothing-lost.md``.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.faults.journal import Entry
from tests.faults.words import marker_of

RECOVERY_SECONDS = 10.0
LISTENING_SECONDS = 5.0
Line = dict[str, Any]


@dataclass(frozen=True)
class Violation:
    """A broken promise. ``text`` says who found what."""

    rule: str
    text: str


@dataclass
class Said:
    """One message as its sender knows it."""

    party: str
    marker: str
    text: str
    kind: str
    conversation: str
    outcome: str = "unknown"
    seqs: tuple[int, ...] = ()
    sent_at: float = 0.0


class Case:
    """The journal, sorted into what the rules ask for."""

    def __init__(self, entries: Sequence[Entry]):
        self.entries = entries
        self.finals: dict[tuple[str, str], Entry] = {
            (entry["party"], entry["conversation"]): entry for entry in self.of("final")
        }
        self.owners = {entry["conversation"]: entry["party"] for entry in self.of("owns")}
        self.operators = {entry["party"] for entry in self.of("listed")}
        self.said = self._said()

    def of(self, *kinds: str) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry["e"] in kinds)

    def conversation_of(self, said: Said) -> str:
        """Where it belongs. A customer's first message names none: it goes into the one that its answer told."""
        own = [number for number, party in self.owners.items() if party == said.party]
        return said.conversation or (own[0] if own else "")

    def entitled(self, said: Said) -> set[str]:
        """Who may see it, and, when it was acknowledged, must."""
        if said.kind == "note":
            return self.operators
        owner = said.party if said.kind == "inbound" else self.owners.get(said.conversation, "")
        return self.operators | {owner}

    def finals_of(self, party: str) -> list[Entry]:
        return [entry for (whose, _number), entry in self.finals.items() if whose == party]

    def parties(self) -> set[str]:
        return {party for party, _number in self.finals}

    def _said(self) -> dict[str, Said]:
        said = {}
        for entry in self.of("send"):
            facts = {name: entry[name] for name in ("party", "marker", "text", "kind", "conversation")}
            said[entry["marker"]] = Said(**facts, sent_at=entry["t"])
        for entry in self.of("told"):
            one = said[entry["marker"]]
            one.outcome = entry["outcome"]
            one.seqs = tuple(line["seq"] for line in entry["lines"])
        return said


def judge(entries: Sequence[Entry]) -> list[Violation]:
    """Every broken promise."""
    case = Case(entries)
    return [Violation(rule, text) for rule, (_promise, look) in RULES.items() for text in look(case)]


def proof(entries: Sequence[Entry], *, faults: int) -> list[str]:
    """Why the run would prove nothing even if no rule was broken; empty when it does prove something."""
    case = Case(entries)
    bitten = sum(bool(entry["bit"]) for entry in case.of("fault"))
    acked = Counter(one.party for one in case.said.values() if one.outcome == "acked")
    followed = Counter(entry["party"] for entry in case.of("got"))
    reasons = [] if bitten >= faults else [f"only {bitten} of {faults} faults bit anybody"]
    if acked.total() < 3 * max(faults, 5):
        reasons.append(f"only {acked.total()} messages were acknowledged")
    reasons += [f"{party} never had a message acknowledged" for party in sorted(case.parties()) if not acked[party]]
    reasons += [
        f"no open page of {party} heard of anything" for party in sorted(_watching(case)) if not followed[party]
    ]
    if not case.operators or not case.owners:
        reasons.append("nobody read the conversations at the end")
    return reasons


def _watching(case: Case) -> set[str]:
    """Those whose page was open for some seconds before the end: they should have heard of something."""
    ended = min((entry["t"] for entry in case.of("final")), default=0.0)
    return {entry["party"] for entry in case.of("opened") if entry["t"] < ended - LISTENING_SECONDS}


def _acknowledged_is_there(case: Case) -> Iterator[str]:
    there = {party: {marker_of(line["text"]) for line in _all_lines(case, party)} for party in case.parties()}
    for said in case.said.values():
        if said.outcome != "acked":
            continue
        for party in sorted(case.entitled(said) & case.parties()):
            if said.marker not in there[party]:
                yield f"{party} does not find {said.marker}, which {said.party} was told is stored"
    for said in case.said.values():
        if said.outcome == "acked" and not case.entitled(said) & case.parties():
            yield f"nobody could look for {said.marker}"


def _once(case: Case) -> Iterator[str]:
    for party in sorted(case.parties()):
        counted = Counter(marker_of(line["text"]) for line in _all_lines(case, party))
        for marker, times in counted.items():
            if times > 1 and marker in case.said and case.said[marker].outcome == "acked":
                yield f"{party} finds {marker} {times} times"
    for entry in case.of("answers differ"):
        yield f"{entry['party']} was told several places for {entry['marker']}: {entry['places']}"


def _whole(case: Case) -> Iterator[str]:
    for where, line in _everything_seen(case):
        said = case.said.get(marker_of(line["text"]))
        if said is None and line["author"] != "system":
            yield f"{where}: seq {line['seq']} is a text that nobody wrote"
        elif said is not None and line["text"] != said.text:
            yield f"{where}: {said.marker} has {len(line['text'])} of {len(said.text)} characters, or others"


def _nothing_of_others(case: Case) -> Iterator[str]:
    for entry in case.of("opened", "got", "final", "saw"):
        for line in entry["lines"]:
            said = case.said.get(marker_of(line["text"]))
            if said is not None and entry["party"] not in case.entitled(said):
                yield f"{entry['party']} saw {said.marker}, a {said.kind} of {said.party} ({entry['e']})"
    for entry in case.of("saw"):
        if entry["status"] == 200 and entry["lines"]:
            yield f"{entry['party']} was let through a stranger's door"


def _one_order(case: Case) -> Iterator[str]:
    for (party, number), entry in sorted(case.finals.items()):
        seqs = [line["seq"] for line in entry["lines"]]
        if any(one >= other for one, other in pairwise(seqs)):
            yield f"{party} finds {number} out of order: {_first_fall(seqs)}"
    for number in {number for _party, number in case.finals}:
        views = {party: entry["lines"] for (party, where), entry in case.finals.items() if where == number}
        yield from _same_for_all(case, number, views)
    yield from _place_told(case)


def _same_for_all(case: Case, number: str, views: dict[str, list[Line]]) -> Iterator[str]:
    desks = {party: lines for party, lines in views.items() if party in case.operators}
    if not desks:
        return
    model_party, model = next(iter(sorted(desks.items())))
    for party, lines in views.items():
        expected = [line for line in model if party in case.operators or not line["private"]]
        if _places(lines) != _places(expected):
            yield f"{party} and {model_party} find different things in {number}: {_difference(lines, expected)}"


def _place_told(case: Case) -> Iterator[str]:
    """The place in an answer is the place in the thread."""
    for (party, number), entry in case.finals.items():
        for line in entry["lines"]:
            said = case.said.get(marker_of(line["text"]))
            if said and said.outcome == "acked" and said.seqs and line["seq"] not in said.seqs:
                yield f"{party} finds {said.marker} at {line['seq']} of {number}, its sender was told {said.seqs}"


def _senders_order(case: Case) -> Iterator[str]:
    """A sender waits for the answer before the next message, so acknowledged ones stand in the order of sending."""
    for (party, number), entry in sorted(case.finals.items()):
        by_sender: dict[str, list[Said]] = defaultdict(list)
        for line in entry["lines"]:
            said = case.said.get(marker_of(line["text"]))
            if said is not None and said.outcome == "acked":
                by_sender[said.party].append(said)
        for sender, messages in by_sender.items():
            for one, other in pairwise(messages):
                if one.sent_at > other.sent_at:
                    yield f"{party} finds {one.marker} before {other.marker} in {number}; {sender} sent them the other way"


def _refused_is_absent(case: Case) -> Iterator[str]:
    for party in sorted(case.parties()):
        counted = Counter(marker_of(line["text"]) for line in _all_lines(case, party))
        for said in case.said.values():
            if said.outcome == "rejected" and counted[said.marker]:
                yield f"{party} finds {said.marker}, which was refused"
            if said.outcome == "unknown" and counted[said.marker] > 1:
                yield f"{party} finds {said.marker} {counted[said.marker]} times; nobody knew whether it was stored"


def _no_gap(case: Case) -> Iterator[str]:
    for opened in case.of("opened"):
        yield from _followed(case, opened)


def _followed(case: Case, opened: Entry) -> Iterator[str]:
    who, party, number = opened["reader"], opened["party"], opened["conversation"]
    final = case.finals.get((party, number))
    if final is None:
        return
    shown, cursor = [line["seq"] for line in opened["lines"]], opened["cursor"]
    for got in case.of("got"):
        if got["reader"] != who:
            continue
        seqs = [line["seq"] for line in got["lines"]]
        if set(seqs) & set(shown) or any(seq <= cursor for seq in seqs):
            yield f"{who} was given again after {cursor}: {sorted(set(seqs) & set(shown) or set(seqs))}"
        if seqs != sorted(seqs):
            yield f"{who} was given out of order: {seqs}"
        shown += seqs
        cursor = max(cursor, got["cursor"])
    first = min(shown, default=opened["cursor"] + 1)
    missed = [line["seq"] for line in final["lines"] if line["seq"] >= first and line["seq"] not in set(shown)]
    if missed:
        yield f"{who} missed {missed} (cursor {cursor})"
    invented = set(shown) - {line["seq"] for line in final["lines"]} if cursor <= final["cursor"] else set()
    if invented:
        yield f"{who} was given what is not in the thread: {sorted(invented)}"


def _comes_back(case: Case) -> Iterator[str]:
    acked = sorted(entry["t"] for entry in case.of("told") if entry["outcome"] == "acked")
    for entry in case.of("fault"):
        after = next((t for t in acked if t > entry["t"]), None)
        if after is None or after - entry["t"] > RECOVERY_SECONDS:
            wait = "no message" if after is None else f"the first message {after - entry['t']:.1f} s"
            yield f"{wait} after {entry['kind']} was over"
    for entry in case.of("never answered"):
        yield f"{entry['party']} still waits for an answer, long after the last fault"


def _effects_once(case: Case) -> Iterator[str]:
    """A repetition has a reason when the worker, or what it writes the outcome down in, was harmed between the two."""
    left: dict[str, list[float]] = defaultdict(list)
    for entry in case.of("effect"):
        left[entry["purpose"]].append(entry["left"])
    for purpose, times in left.items():
        for one, other in pairwise(sorted(times)):
            if not any(_harmed_the_worker(fault, one, other) for fault in case.of("fault")):
                yield f"{purpose} left again after {other - one:.1f} s, and nothing had happened"
    known = {entry["about"] for entry in case.of("effect")}
    for entry in case.of("expected effect"):
        if entry["about"] not in known:
            yield f"mail to {entry['about']} never left"


def _harmed_the_worker(fault: Entry, one: float, other: float) -> bool:
    concerned = fault["kind"].endswith((":worker", ":db"))
    return concerned and fault["t"] - fault["took"] <= other and fault["t"] >= one - 1


def _receipts_hold(case: Case) -> Iterator[str]:
    for entry in case.of("receipt"):
        reads = "reply" if entry["what"] == "seen" else "inbound"
        for (party, number), final in case.finals.items():
            if number != entry["conversation"]:
                continue
            author = "operator" if reads == "reply" else "visitor"
            concerned = [
                line["seq"]
                for line in final["lines"]
                if line["author"] == author and not line["private"] and line["seq"] <= entry["up_to"]
            ]
            shows = final["seen"] if entry["what"] == "seen" else final["read"]
            if concerned and shows < max(concerned) and _shows_receipts(case, party, entry["what"]):
                yield f"{party} is not shown that {entry['party']} read up to {max(concerned)} of {number}, only {shows}"


def _shows_receipts(case: Case, party: str, what: str) -> bool:
    """The desk shows how far the customer has read, the widget how far an operator has."""
    return what == "seen" or party not in case.operators


Look = Callable[[Case], Iterator[str]]
RULES: dict[str, tuple[str, Look]] = {
    "I1": ("an acknowledged message is there for everybody entitled to it", _acknowledged_is_there),
    "I2": ("an acknowledged message is there once, and every answer to it says the same", _once),
    "I3": ("texts are whole", _whole),
    "I4": ("nobody sees what is not theirs", _nothing_of_others),
    "I5": ("one order, the same for everybody", _one_order),
    "I6": ("each sender's messages stand in the order of sending", _senders_order),
    "I7": ("what was refused is absent, what is unknown is there at most once", _refused_is_absent),
    "I8": ("an open page misses nothing and is given nothing twice", _no_gap),
    "I9": ("ten seconds after a fault messages are stored again", _comes_back),
    "I10": ("what leaves the site leaves once, or is shown as unconfirmed", _effects_once),
    "I11": ("an acknowledged receipt holds", _receipts_hold),
}


def _all_lines(case: Case, party: str) -> list[Line]:
    return [line for entry in case.finals_of(party) for line in entry["lines"]]


def _everything_seen(case: Case) -> Iterator[tuple[str, Line]]:
    for entry in case.of("opened", "got", "final"):
        for line in entry["lines"]:
            yield f"{entry['party']} ({entry['e']})", line


def _places(lines: list[Line]) -> list[tuple[int, str]]:
    return [(line["seq"], marker_of(line["text"])) for line in lines]


def _difference(lines: list[Line], expected: list[Line]) -> str:
    one, other = set(_places(lines)), set(_places(expected))
    return f"{sorted(one ^ other)[:4]}" if one != other else "the order"


def _first_fall(seqs: list[int]) -> str:
    return next(f"{other} after {one}" for one, other in pairwise(seqs) if one >= other)
