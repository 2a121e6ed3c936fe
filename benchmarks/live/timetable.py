"""Moments at an even distance, kept to some tens of microseconds. An event loop's own timers have whole milliseconds."""

import asyncio
import ctypes
import os
import struct
import time
from collections.abc import AsyncIterator

CLOCK_MONOTONIC = 1
NONBLOCK = os.O_NONBLOCK


async def ticks(total: int, rate: float) -> AsyncIterator[float]:
    """``total`` moments, ``rate`` a second, each at its time, as ``time.perf_counter()`` counts; none is left out."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    begin = time.perf_counter()
    timer = _timer(1 / rate)
    try:
        loop.add_reader(timer, woken.set)
        passed = 0
        while passed < total:
            await woken.wait()
            woken.clear()
            try:
                expired = struct.unpack("Q", os.read(timer, 8))[0]
            except BlockingIOError:
                continue
            for _ in range(min(expired, total - passed)):
                passed += 1
                yield begin + passed / rate
    finally:
        loop.remove_reader(timer)
        os.close(timer)


def _timer(seconds: float) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.timerfd_create(CLOCK_MONOTONIC, NONBLOCK)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    whole, nano = divmod(int(seconds * 1e9), 10**9)
    setting = struct.pack("qqqq", whole, nano, whole, nano)
    if libc.timerfd_settime(descriptor, 0, setting, None):
        raise OSError(ctypes.get_errno(), "timerfd_settime")
    return descriptor
