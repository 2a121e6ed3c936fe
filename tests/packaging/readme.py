"""The README's instructions as data, so that the test does what the reader does."""

import re
from dataclasses import dataclass
from pathlib import Path

SECTION = "## Adding it to a store"


@dataclass(frozen=True)
class Instructions:
    """The code blocks of the section, by what they are written into."""

    install: str
    settings: str
    urls: str
    template: str
    commands: list[str]

    @property
    def lines(self) -> int:
        """How many lines somebody has to type."""
        blocks = [self.install, self.settings, self.urls, self.template, *self.commands]
        return sum(len(block.splitlines()) for block in blocks)


def read(path: Path) -> Instructions:
    """The instructions in the README at `path`. Raises ValueError when a block is missing."""
    section = path.read_text().partition(SECTION)[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    by_language: dict[str, list[str]] = {}
    for language, code in blocks:
        by_language.setdefault(language, []).append(code.strip())
    (install, commands), (settings, urls), (template,) = (
        by_language[language] for language in ("sh", "python", "html")
    )
    return Instructions(install, settings, urls, template, commands.splitlines())
