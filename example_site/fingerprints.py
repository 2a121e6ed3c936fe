"""Tells whether a loaded demo still fits this version of the code. Reads files only, for a fast start."""

import hashlib
import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from example_site.paths import REPOSITORY

PACKAGES = ("Django", "wagtail", "django-oscar", "sorl-thumbnail", "django-treebeard", "Pillow", "Whoosh")


def everything() -> str:
    """One value for all that decides what a loaded demo contains."""
    contents = [packages(), *_database(), *(f"{name} {value}" for name, value in migrations().items())]
    contents += [f"{path.name} {_digest(path)}" for path in _sorted((REPOSITORY / "example_site/demo").rglob("*.*"))]
    return _hash("\n".join(contents))


def packages() -> str:
    """One value for the packages whose tables make up the store without the chat."""
    return _hash("\n".join(f"{name} {version(name)}" for name in PACKAGES))


def migrations() -> dict[str, str]:
    """Digest of each migration of ours by its path."""
    places = ("shopchat", "shopchat_widget", "example_site")
    found = (path for place in places for path in (REPOSITORY / place).rglob("migrations/[0-9]*.py"))
    return {str(path.relative_to(REPOSITORY)): _digest(path) for path in _sorted(found)}


def as_text(values: dict[str, str]) -> str:
    return "".join(f"{value} {name}\n" for name, value in values.items())


def from_text(text: str) -> dict[str, str]:
    return {name: value for value, name in (line.split(" ", 1) for line in text.splitlines())}


def _database() -> list[str]:
    return [f"{name} {value}" for name, value in sorted(os.environ.items()) if name.startswith("SHOPCHAT_DB_")]


def _sorted(found: Iterable[Path]) -> list[Path]:
    return sorted(path for path in found if path.suffix in (".py", ".json"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
