"""A Redis of our own that may be killed, and a wire that may be cut or go silent."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """A ``redis-server`` on a port of its own that keeps nothing."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/1"
        self._folder = tempfile.mkdtemp(prefix="shopchat-redis-")
        self._process = None

    def start(self):
        options = ["--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command = ["redis-server", *map(str, options), "--dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
                return self
            time.sleep(0.05)
        raise AssertionError("redis-server did not start")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def end(self):
        self.kill()
        shutil.rmtree(self._folder)


class Wire:
    """A proxy on loopback: ``open`` passes everything, ``refused`` cuts and refuses, ``silent`` takes and says nothing."""

    def __init__(self, port, host="127.0.0.1"):
        self.port = free_port()
        self._target = (host, port)
        self._flows = threading.Event()
        self._flows.set()
        self._sockets = []
        self._taken = 0
        self._listener = None
        self.open()

    def open(self):
        self._flows.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def refuse(self):
        self._close(self._listener)
        self._listener = None
        self.cut()

    def fall_silent(self):
        self._flows.clear()

    def is_tried_again(self, within=60.0):
        """Whether somebody makes another connection."""
        before, until = self._taken, time.monotonic() + within
        while self._taken == before and time.monotonic() < until:
            time.sleep(0.02)
        return self._taken > before

    def cut(self):
        """Every connection there is, in the middle."""
        while self._sockets:
            self._close(self._sockets.pop())

    def end(self):
        if self._listener:
            self._close(self._listener)
        self._flows.set()
        self.cut()

    def _accept(self, listener):
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._taken += 1
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near):
        self._sockets.append(near)
        self._flows.wait()
        try:
            far = socket.create_connection(self._target)
        except OSError:
            self._close(near)
            return
        self._sockets.append(far)
        threading.Thread(target=self._pump, args=[far, near], daemon=True).start()
        self._pump(near, far)

    def _pump(self, source, sink):
        with suppress(OSError):
            while part := source.recv(65536):
                self._flows.wait()
                sink.sendall(part)
        self._close(source)
        self._close(sink)

    @staticmethod
    def _close(end):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
