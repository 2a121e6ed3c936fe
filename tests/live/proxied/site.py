"""Starting it: a store, perhaps an edge beside it, and nginx in front, with the locations that the guide shows."""

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from tests.capabilities import nginx
from tests.faults.databases import Sqlite
from tests.faults.processes import ROOT, Process, free_port

GUIDE = ROOT / "docs" / "how-to" / "live.md"
STORE, EDGE = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
LAYOUTS = ("uvicorn", "granian", "gunicorn and an edge")
READ_TIMEOUT = 6  # seconds, of which a busy machine may lose a few

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_proxied any;
    gzip_types text/event-stream application/json;
    server {{
        listen 127.0.0.1:{port};
        location /silent/ {{
            proxy_pass http://127.0.0.1:{silent};
            proxy_read_timeout {read_timeout}s;
        }}
        {locations}
    }}
}}
"""


def locations(guide: str) -> str:
    """The nginx configuration that the guide shows."""
    return re.search(r"```nginx\n(.*?)```", guide, re.DOTALL)[1]


def whole(shown: str) -> str:
    """For a store that serves its streams itself: one location for everything, "with the directives of the first"."""
    first = shown[: shown.index("}") + 1]
    return first.replace("location /chat/live/", "location /").replace(EDGE, STORE)


class Site:
    """A context manager. ``port`` is nginx's."""

    def __init__(self, layout: str, *, silent: int, bus: dict[str, Any] | None = None):
        self.folder = Path(tempfile.mkdtemp(prefix="shopchat-nginx-"))
        self.port, self._store, self._edge = free_port(), free_port(), free_port()
        self._database = Sqlite(self.folder / "database")
        self._processes: list[Process] = []
        shown = locations(GUIDE.read_text())
        used = shown if layout == "gunicorn and an edge" else whole(shown)
        used = used.replace(STORE, f"http://127.0.0.1:{self._store}").replace(EDGE, f"http://127.0.0.1:{self._edge}")
        assert "proxy_read_timeout 60s" in used
        used = used.replace("proxy_read_timeout 60s", f"proxy_read_timeout {READ_TIMEOUT}s")
        self._configuration = CONFIGURATION.format(
            folder=self.folder, port=self.port, locations=used, silent=silent, read_timeout=READ_TIMEOUT
        )
        self._layout, self._bus = layout, bus

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self._processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self._database.prepare()
        given = {"folder": str(self.folder), "database": self._database.settings(0), "bus": self._bus}
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.live.proxied.settings",
            "PYTHONPATH": str(ROOT),
            "SHOPCHAT_PROXIED": json.dumps(given),
            "SHOPCHAT_TEST_OSCAR": "0",
        }
        for name, port, command in self._commands():
            process = Process(name, [sys.executable, "-m", *command], self.folder / f"{name}.log", port, environment)
            self._processes.append(process)
            process.start()
        file = self.folder / "nginx.conf"
        file.write_text(self._configuration)
        self._processes.append(
            Process("nginx", [nginx(), "-c", str(file), "-p", str(self.folder)], self.folder / "start.log", self.port)
        )
        self._processes[-1].start()

    def _commands(self) -> list[tuple[str, int, list[str]]]:
        store = str(self._store)
        quiet = ["--log-level", "warning", "--no-access-log"]
        uvicorn = ["uvicorn", "--host", "127.0.0.1", *quiet, "--timeout-graceful-shutdown", "3"]
        if self._layout == "uvicorn":
            return [("store", self._store, [*uvicorn, "--port", store, "tests.live.proxied.asgi:application"])]
        if self._layout == "granian":
            granian = [
                "granian",
                "--interface",
                "asgi",
                "--host",
                "127.0.0.1",
                "--port",
                store,
                "--log-level",
                "warning",
            ]
            return [("store", self._store, [*granian, "tests.live.proxied.asgi:application"])]
        gunicorn = ["gunicorn", "-k", "gthread", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{store}"]
        return [
            ("store", self._store, [*gunicorn, "--log-level", "warning", "tests.live.proxied.wsgi"]),
            ("edge", self._edge, [*uvicorn, "--port", str(self._edge), "shopchat.asgi:live"]),
        ]
