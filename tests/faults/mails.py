"""What left the site: read from the files into which its mail back end writes."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEADER = re.compile(r"^(Message-ID|To|Subject): (.*)$", re.MULTILINE)
_NUMBER = re.compile(r"(\d{4})-(\d{4})")


def mails(folder: Path) -> Iterator[dict[str, Any]]:
    """Each mail: its id, about which conversation and to whom it is, and when it left on the journal's clock."""
    offset = time.monotonic() - time.time()
    for path in sorted(folder.glob("*.log")):
        for text in path.read_text(errors="replace").split("-" * 79):
            found = dict(_HEADER.findall(text))
            if {"Message-ID", "To"} <= set(found) and _NUMBER.search(found.get("Subject", "")):
                number = "".join(_NUMBER.findall(found.get("Subject", ""))[0])
                yield {
                    "purpose": found["Message-ID"],
                    "about": f"{found['To'].strip()} about {number}",
                    "left": round(path.stat().st_mtime + offset, 3),
                }
