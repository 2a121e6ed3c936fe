"""A provider on this machine: answers as recorded, or as no provider should, and keeps what it was asked."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

PAYLOADS = Path(__file__).parent / "payloads"
ANSWERS = json.loads((PAYLOADS / "answers.json").read_text())


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class ProviderServer:
    """``next`` is the answer to give: (status, body, headers), or the name of a way to fail."""

    asked: list[Asked] = field(default_factory=list)
    next: tuple[int, bytes, dict[str, str]] | str = (404, b"", {})

    def answers(self, name: str) -> None:
        """As recorded under this name."""
        recorded = ANSWERS[name]
        self.next = (recorded["status"], json.dumps(recorded["body"]).encode(), {"Content-Type": "application/json"})

    def says(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.next = (status, body, headers)

    def hangs(self) -> None:
        """Takes the question and never answers."""
        self.next = "hang"

    def hangs_up(self) -> None:
        """Takes the question and ends the connection."""
        self.next = "hang up"

    def dribbles(self) -> None:
        """Answers a byte now and then."""
        self.next = "dribble"

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def close(self) -> None:
        """Nobody listens there any more."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float = 10) -> None:
        self._over.wait(seconds)


def _handler(server: ProviderServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"provider": server})


class _Handler(BaseHTTPRequestHandler):
    provider: ProviderServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parse_qs(parts.query, keep_blank_values=True)
        self.provider.asked.append(Asked(self.command, parts.path, query, dict(self.headers), body))
        how = self.provider.next
        if how == "hang":
            self.provider.wait()
        elif how == "dribble":
            self.dribble()
        elif not isinstance(how, str):
            self.answer(*how)
        self.close_connection = True

    do_POST = do_GET  # noqa: N815 the name that http.server asks for

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def dribble(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with suppress(OSError):  # nobody listens any more: that is what the test wants
            for _ in range(200):
                self.wfile.write(b"{")
                self.provider.wait(0.05)

    def log_message(self, *args: object) -> None:
        pass
