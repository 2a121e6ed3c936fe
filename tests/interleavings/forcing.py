"""Making somebody else act at one exact moment.

``run_before("package.module.function", act)`` patches the function: when the test's own thread is about to enter it for
the first time, ``act`` runs in another thread with a connection of its own. The test says whether ``act`` can end there
(``ends=True``) or has to wait for a lock that the first actor holds (``ends=False``); if it is otherwise, the test
fails. It also fails if the moment never comes, or if anybody waits for ever.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest.mock import patch

from django.db import connections

SECONDS = 30.0  # whoever takes longer waits for something that never comes
WAITING_SECONDS = 0.4  # whoever is not ready by then waits for a lock: what is done here takes a few milliseconds


class Interleaved:
    """What the second actor did. ``result`` is what ``act`` returned or raised, once the block has ended."""

    def __init__(self, act: Callable[[], Any], *, ends: bool):
        self.result: Any = None
        self.came = False
        self._act, self._ends = act, ends
        self._turn = threading.Lock()
        self._first = threading.current_thread()
        self._second = threading.Thread(target=self._run, daemon=True)
        self._wrong = ""

    def meet(self) -> None:
        """Called at the moment, by whoever comes there."""
        with self._turn:
            if self.came or threading.current_thread() is not self._first:
                return
            self.came = True
        self._second.start()
        self._second.join(SECONDS if self._ends else WAITING_SECONDS)
        if self._ends and self._second.is_alive():
            self._wrong = "the second actor should have ended, and waits"
        if not self._ends and not self._second.is_alive():
            self._wrong = f"the second actor should have waited for the first, and ended: {self.result!r}"

    def settle(self) -> None:
        """The first actor is done; the second one must come to an end now."""
        if self.came:
            self._second.join(SECONDS)
        assert self.came, "the moment never came: nobody entered the function"
        assert not self._second.is_alive(), "the second actor waits for ever"
        assert not self._wrong, self._wrong

    def _run(self) -> None:
        try:
            self.result = self._act()
        except Exception as error:
            self.result = error
        finally:
            connections.close_all()


def run_before(target: str, act: Callable[[], Any], *, ends: bool) -> Any:
    """Inside the block ``act`` runs right before the first call of ``target``."""
    return _patched(target, act, ends=ends, before=True)


def run_after(target: str, act: Callable[[], Any], *, ends: bool) -> Any:
    """Inside the block ``act`` runs right after the first call of ``target``, before its caller goes on."""
    return _patched(target, act, ends=ends, before=False)


@contextmanager
def _patched(target: str, act: Callable[[], Any], *, ends: bool, before: bool) -> Iterator[Interleaved]:
    place, _, name = target.rpartition(".")
    owner = _owner(place)
    original = getattr(owner, name)
    interleaved = Interleaved(act, ends=ends)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            interleaved.meet()
        result = original(*args, **kwargs)
        if not before:
            interleaved.meet()
        return result

    with patch.object(owner, name, wrapped):
        try:
            yield interleaved
        finally:
            if interleaved.came:
                interleaved._second.join(SECONDS)
    interleaved.settle()


def _owner(path: str) -> Any:
    """The module or the object in it."""
    try:
        return import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(import_module(module), name)
