"""Puts scripts and styles into the wheel without their comments: those are for the repository, not for a browser."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
FILES = "shopchat*/static/**/*.*"


class StrippedFiles(BuildHookInterface):
    """Part of the wheel alone; an editable installation serves the sources."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name a stripped copy of each file to go where the file would have gone."""
        if version == "editable":
            return
        sys.path.insert(0, str(ROOT))
        from shopchat.core.stripping import stripped

        self._copies = tempfile.TemporaryDirectory()
        for number, source in enumerate(sorted(ROOT.glob(FILES))):
            if source.suffix not in {".js", ".css"}:
                continue
            copy = Path(self._copies.name, f"{number}{source.suffix}")
            copy.write_text(stripped(source.read_text("utf-8")), "utf-8")
            build_data["force_include"][str(copy)] = source.relative_to(ROOT).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The copies are in the wheel now."""
        if version != "editable":
            self._copies.cleanup()
