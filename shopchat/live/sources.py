"""Where the stamps of topics come from when no cache is asked: the rows themselves, read in batches.

Owners of topics register here, so that this package need not know what a topic stands for.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

BATCH = 500

Source = Callable[[Sequence[str]], Mapping[str, str]]
Feed = Callable[[datetime], Mapping[str, str]]

_sources: dict[str, Source] = {}
_instant: set[Source] = set()
_feeds: list[Feed] = []


def register_source(prefix: str, source: Source, *, instant: bool = False) -> None:
    """Say how stamps of topics ``prefix`` and ``prefix.…`` are read.

    ``source`` gets up to ``BATCH`` topics, makes at most one query and answers with the stamp of each that exists: a text
    that differs whenever the topic has moved. Prefixes that share a source are read together. ``instant`` says that it
    never waits, neither for a database nor for a network; an event loop may then call it.
    """
    _sources[prefix] = source
    if instant:
        _instant.add(source)


def register_feed(feed: Feed) -> None:
    """Say how to find what moved: ``feed(since)`` answers with stamps of the topics that moved at or after that moment.

    One indexed query. It may name topics that did not move, and may miss those whose transaction took long to commit:
    they are found when their stamps are read again.
    """
    if feed not in _feeds:
        _feeds.append(feed)


def has_source(topic: str) -> bool:
    """Whether the topic's stamp can be read from rows; without one it lives in the cache alone (typing)."""
    return _prefix(topic) in _sources


def are_instant(topics: Collection[str]) -> bool:
    """Whether all of these can be read without waiting for anything."""
    return all(_sources.get(_prefix(topic)) in _instant for topic in topics)


def read(topics: Collection[str]) -> dict[str, str]:
    """The stamp of each topic that has a source; empty for what does not exist."""
    stamps: dict[str, str] = {}
    for source, theirs in _by_source(topics).items():
        for batch in _batches(theirs):
            found = source(batch)
            stamps.update((topic, found.get(topic, "")) for topic in batch)
    return stamps


def moved(since: datetime) -> dict[str, str]:
    """Topics that moved at or after that moment, with their stamps, as all feeds know them."""
    stamps: dict[str, str] = {}
    for feed in _feeds:
        stamps.update(feed(since))
    return stamps


def _by_source(topics: Collection[str]) -> dict[Source, list[str]]:
    grouped: dict[Source, list[str]] = {}
    for topic in topics:
        source = _sources.get(_prefix(topic))
        if source is not None:
            grouped.setdefault(source, []).append(topic)
    return grouped


def _batches(topics: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(topics), BATCH):
        yield topics[start : start + BATCH]


def _prefix(topic: str) -> str:
    return topic.partition(".")[0]
