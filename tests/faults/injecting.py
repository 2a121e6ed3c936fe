"""Making a fault happen, and seeing whether it bit anybody."""

import os
import signal
import time
from collections.abc import Callable

from tests.faults.journal import Journal
from tests.faults.parties import ACKED, Party
from tests.faults.proxy import Proxy
from tests.faults.running import Site
from tests.faults.schedule import Fault

LONGEST = 5.0


class Injector:
    """Each method does one kind of fault and answers what it did, empty when it bit nobody."""

    def __init__(self, site: Site, parties: list[Party], journal: Journal, newcomer: Callable[[int], Party | None]):
        self.site, self.parties, self.journal, self.newcomer = site, parties, journal, newcomer

    def inject(self, fault: Fault) -> str:
        """Begin it, end it, and write down what happened; ``back`` is the moment when nothing stood in the way any more."""
        began = self.journal.note("fault begins", kind=fault.kind, seconds=fault.seconds)
        method = getattr(self, f"_{fault.does}")
        bit = str(method(fault) or "")
        self.journal.note("fault", kind=fault.kind, bit=bit, took=round(time.monotonic() - began["t"], 2))
        return bit

    def _kill(self, fault: Fault) -> str:
        if fault.to == "one-web":
            return self._kill_one()
        if fault.to == "db":
            return self._kill_database(fault)
        process = self.site.processes()[fault.to]
        died = process.pid if process.kill() else 0
        time.sleep(fault.seconds / 2)
        process.start()
        return f"{process.name} {died} died of -9" if died else ""

    def _kill_one(self) -> str:
        before = self.site.web.children()
        if not before:
            return ""
        os.kill(before[0], signal.SIGKILL)
        gone = _wait(lambda: before[0] not in self.site.web.children(), LONGEST)
        _wait(lambda: len(self.site.web.children()) >= len(before), LONGEST)
        return f"one of {len(before)} died" if gone else ""

    def _kill_database(self, fault: Fault) -> str:
        server = self.site.database.server
        died = server is not None and server.kill()
        time.sleep(fault.seconds / 2)
        self.site.database.start()
        return f"{self.site.database.name} died of -9" if died else ""

    def _pause(self, fault: Fault) -> str:
        process = self.site.processes()[fault.to]
        stopped = process.pause()
        time.sleep(fault.seconds)
        process.go_on()
        return f"{process.name} stood still for {fault.seconds} s" if stopped else ""

    def _lock(self, fault: Fault) -> str:
        return f"locked for {fault.seconds} s" if self.site.lock_database(fault.seconds) else ""

    def _drop(self, fault: Fault) -> str:
        return "the cache was emptied" if self.site.forget_hints() else ""

    def _burst(self, fault: Fault) -> str:
        seen = len(self.journal.of("burst"))
        if fault.to == "first":
            if self.newcomer(20) is None:
                return ""
        else:
            self.parties[int(fault.seconds * 100) % len(self.parties)].at_once = 20
        _wait(lambda: len(self.journal.of("burst")) > seen, 2 * LONGEST)
        acked = [entry["outcomes"].count(ACKED) for entry in self.journal.of("burst")[seen:]]
        return f"{max(acked)} of 20 at once were answered" if acked and max(acked) > 1 else ""

    def _during(self, proxy: Proxy | None, mode: str, fault: Fault, *, enough: int = 2) -> str:
        if proxy is None:
            return ""
        proxy.begin(mode, fault.seconds)
        time.sleep(0.2 if fault.to in ("send", "first") else fault.seconds)
        _wait(lambda: proxy.hits >= enough, LONGEST)
        hits = proxy.end()
        return f"{hits} hit" if hits else ""

    def _on_a_way(self, fault: Fault) -> str:
        ways = {"db": self.site.db_wire, "redis": self.site.redis_wire}
        return self._during(ways.get(fault.to, self.site.front), fault.does, fault, enough=1)

    _cut = _refuse = _blackhole = _on_a_way

    def _send_fault(self, fault: Fault) -> str:
        return self._during(self.site.front, fault.does, fault)

    _half = _halve = _duplicate = _late = _portal = _delay = _send_fault

    def _swallow(self, fault: Fault) -> str:
        if fault.to == "send":
            return self._send_fault(fault)
        self.site.front.begin("swallow")
        newcomer = self.newcomer(1)
        hit = newcomer is not None and _wait(lambda: self.site.front.hits > 3, LONGEST)
        hits = self.site.front.end()
        return f"{hits} swallowed" if hit else ""


def _wait(there: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if there():
            return True
        time.sleep(0.02)
    return there()
