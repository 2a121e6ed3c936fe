"""What happened, as lines of JSON: written by everybody, read by the judge."""

import json
import threading
import time
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """Append-only. Each entry has its time ``t`` and its kind ``e``."""

    def __init__(self, path: Path | None = None):
        self.entries: list[Entry] = []
        self._file = path.open("a", encoding="utf-8") if path else None
        self._lock = threading.Lock()

    def note(self, e: str, **facts: Any) -> Entry:
        """Write one entry down, at once."""
        with self._lock:
            entry = {"t": round(time.monotonic(), 4), "e": e, **facts}
            self.entries.append(entry)
            if self._file:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                self._file.flush()
        return entry

    def of(self, *kinds: str) -> list[Entry]:
        """The entries of these kinds so far."""
        with self._lock:
            return [entry for entry in self.entries if entry["e"] in kinds]

    def close(self) -> None:
        if self._file:
            self._file.close()


def read(path: Path) -> list[Entry]:
    """The entries of a finished run."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
