"""Windows measured in turns, so that a bad moment of the machine hits every variant."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from benchmarks.live.clients import BUSY, Client
from benchmarks.live.servers import Process
from benchmarks.report import Report


class Series:
    """What each variant's windows gave, one entry a round."""

    def __init__(self, report: Report):
        self._report = report
        self._found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._void = 0

    def measure(self, name: str, client: Client, options: Mapping[str, Any]) -> dict[str, Any]:
        """One window. What was lost or refused is the run's fault; a client that was too busy voids the round."""
        found = client.do("window", **options)
        if found["wrong"]:
            self._report.fault(f"{name}: {found['wrong']} of {found['sent']} posts were not answered as they should be")
        if found["lost"]:
            self._report.fault(f"{name}: {found['lost']} of {found['sent']} messages never arrived")
        self._found[name].append(found)
        return found

    def drop_round_of_busy_client(self) -> bool:
        """Forget the last round when the client used up a core in one of its windows."""
        if all(found[-1]["client_cpu"] < BUSY for found in self._found.values()):
            return False
        self._void += 1
        for found in self._found.values():
            found.pop()
        return True

    def of(self, name: str, key: str) -> list[float]:
        return [found[key] for found in self._found[name]]

    def all(self, name: str, key: str) -> list[float]:
        """Of every single message of all windows."""
        return [value for found in self._found[name] for value in found[key]]


def in_turns(
    report: Report, variants: Mapping[str, Client], *, rounds: int, rate: float, seconds: float, patience: float = 5
) -> Series:
    """``rounds`` windows of each variant, after one that does not count."""
    series = Series(report)
    options = {"rate": rate, "seconds": seconds, "patience": patience}
    for client in variants.values():
        client.do("window", rate=20, seconds=seconds, patience=60)  # the first requests of a shop take seconds
    names = list(variants)
    counted = tried = 0
    while counted < rounds and tried < 2 * rounds:
        for name in names[tried % len(names) :] + names[: tried % len(names)]:
            series.measure(name, variants[name], options)
        counted += not series.drop_round_of_busy_client()
        tried += 1
    if counted < rounds:
        report.fault(f"in {tried - counted} of {tried} rounds the load client was too busy to be believed")
    return series


def fan_out(
    report: Report, variants: Mapping[str, tuple[Process, Client]], *, ours: str, streams: int, rounds: int
) -> dict[str, list[float]]:
    """Microseconds of the server's CPU for each stream that heard a broadcast, after one that does not count.

    What a reference loses is its own affair, unless it loses all.
    """
    spent: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, (server, client) in variants.items():
            before = server.cpu_seconds()
            found = client.do("broadcast", patience=10)
            missing = found["missing"]
            if missing == streams or (missing and name == ours):
                report.fault(f"{name}: {missing} of {streams} streams did not hear a broadcast")
            if number:
                spent[name].append((server.cpu_seconds() - before) / max(1, streams - missing) * 1e6)
    return spent


def requests(
    report: Report, variants: Mapping[str, tuple[Process, Client, dict[str, Any]]], *, rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Answers for each second of the server's CPU, 16 connections, after a window that does not count."""
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, (server, client, ask) in variants.items():
            before = server.cpu_seconds()
            found = client.do("ask", connections=16, seconds=seconds, status=204, **ask)
            if found["wrong"]:
                report.fault(f"{name}: {found['wrong']} answers were not 204")
            if number:
                rates[name].append(found["answered"] / (server.cpu_seconds() - before))
    return rates
