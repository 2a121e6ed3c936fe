"""Starts the demo store in the foreground: ``python -m example_site.run``.

Migrates and loads what is missing, starts the processes, waits until the store answers, prints where
everything is, and stops all of them at Ctrl-C or SIGTERM.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from example_site import fingerprints, paths

HOST = "127.0.0.1"
STAMP = "loaded"
START_SECONDS = 60
STOP_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """One process of the demo."""

    name: str
    command: list[str]


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = paths.demo_dir()
    try:
        if options.reset:
            _reset(folder)
        if options.prepare_only:
            prepare(folder)
            return 0
        _check_port(options.port)
        prepare(folder)
        paths.note_port(folder, options.port)
    except DemoError as error:
        print(f"\n{error}\n", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The next start goes on from here.", file=sys.stderr)
        return 130
    return _run(_programs(options), options.port)


class DemoError(Exception):
    """Something the person at the keyboard can put right; the text says how."""


def prepare(folder: Path) -> None:
    """Migrate and load, unless this very version did so in this folder already."""
    paths.prepare(folder)
    stamp = folder / STAMP
    wanted = fingerprints.everything()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _check_migrations(folder)
    _migrate()
    _manage("demo_load")
    (folder / "migrations").write_text(fingerprints.as_text(fingerprints.migrations()))
    stamp.write_text(wanted)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m example_site.run", description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or paths.DEFAULT_PORT))
    parser.add_argument("--server", choices=("uvicorn", "gunicorn"), default="uvicorn")
    parser.add_argument("--workers", type=int, default=3, help="processes of gunicorn")
    parser.add_argument("--reset", action="store_true", help="remove the demo's data first")
    parser.add_argument("--prepare-only", action="store_true", help="migrate and load, start nothing")
    options = parser.parse_args()
    os.environ["PORT"] = str(options.port)
    return options


def _programs(options: argparse.Namespace) -> list[Program]:
    """What runs: the server, and the worker for periodic work."""
    worker = [sys.executable, "-m", "example_site.manage", "qcluster"]
    return [Program(options.server, _server(options)), Program("worker", worker)]


def _server(options: argparse.Namespace) -> list[str]:
    address = f"{HOST}:{options.port}"
    if options.server == "gunicorn":
        command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", str(options.workers), "--threads", "4"]
        return [*command, "-b", address, "--graceful-timeout", "5", "--log-level", "warning", "example_site.wsgi"]
    command = [sys.executable, "-m", "uvicorn", "example_site.asgi:application", "--lifespan", "off"]
    network = ["--host", HOST, "--port", str(options.port), "--timeout-graceful-shutdown", "5"]
    return [*command, *network, "--no-access-log", "--log-level", "warning"]


def _reset(folder: Path) -> None:
    if not folder.exists():
        return
    if not paths.is_demo_dir(folder):
        raise DemoError(f"{folder} does not look like the demo's folder (no {paths.MARKER} in it); nothing removed.")
    paths.remove(folder)
    print(f"Removed the demo's data from {folder}")


def _check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoError(f"Port {port} is taken. Choose another: PORT={port + 1} make demo") from error


def _check_migrations(folder: Path) -> None:
    """Until version 1.0 the first migration is regenerated; a database made by the old one cannot follow."""
    known = folder / "migrations"
    if not known.exists():
        return
    now = fingerprints.migrations()
    for name, value in fingerprints.from_text(known.read_text()).items():
        if now.get(name) != value:
            raise DemoError(f"{name} has changed since this demo was loaded. Start over with: make demo-reset")


def _migrate() -> None:
    print("Preparing the database. The first time this takes about a minute.", flush=True)
    started = last = time.monotonic()
    command = [sys.executable, "-m", "example_site.manage", "migrate", "--no-color"]
    done = 0
    tail: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603
        try:
            for line in process.stdout or ():
                tail = [*tail[-30:], line]
                done += line.rstrip().endswith("OK")
                if time.monotonic() - last > 5:
                    last = time.monotonic()
                    print(f"  {done} migrations, {last - started:.0f} s", flush=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
    if process.returncode:
        raise DemoError("The migration failed:\n" + "".join(tail))
    print(f"  {done} migrations, {time.monotonic() - started:.0f} s: ready", flush=True)


def _manage(*arguments: str) -> None:
    command = [sys.executable, "-m", "example_site.manage", *arguments]
    if subprocess.run(command, check=False).returncode:  # noqa: S603
        raise DemoError(f"“{' '.join(arguments)}” failed; see above.")


def _run(programs: list[Program], port: int) -> int:
    stopping = _Stopping()
    processes = {}
    for program in programs:
        # In a session of its own: Ctrl-C reaches us alone, and we stop them in order.
        processes[program.name] = subprocess.Popen(program.command, start_new_session=True)  # noqa: S603
    try:
        if _wait_until_ready(port, processes, stopping):
            print(_greeting(port), flush=True)
        while not stopping.asked:
            for name, process in processes.items():
                if process.poll() is not None:
                    print(f"{name} ended with code {process.returncode}; stopping.", file=sys.stderr)
                    return 1
            time.sleep(0.2)
        print("\nStopping …", flush=True)
        return 0
    finally:
        _stop(list(processes.values()))


class _Stopping:
    """Remembers that somebody asked us to stop."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _wait_until_ready(port: int, processes: dict[str, subprocess.Popen[bytes]], stopping: _Stopping) -> bool:
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and not stopping.asked:
        if any(process.poll() is not None for process in processes.values()):
            return False
        try:
            with urlopen(f"http://{HOST}:{port}/pages/about/", timeout=10):
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
    limit = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _greeting(port: int) -> str:
    base = f"http://{HOST}:{port}"
    return f"""
  Trail & Co., a demo store with chat. For this machine only: the passwords are known.

  Store            {base}/
  Chat desk        {base}/cms/chat/
  Wagtail admin    {base}/cms/
  Oscar dashboard  {base}/dashboard/
  Mails            {_mails()}  (files; nothing leaves this machine)

  Sign in with the password “demo” as
    customer@demo.test                   a customer with orders and a basket: {base}/accounts/login/
    anna@demo.test, boris@demo.test      operators: {base}/cms/
    owner@demo.test                      all rights

  Leave a basket in a minute: fill one, then “make demo-abandon” in another terminal.
  Ctrl-C stops everything and keeps the data.
"""


def _mails() -> Path:
    """Where the settings put mails, found without loading them."""
    return Path(os.environ.get("SHOPCHAT_DEMO_MAIL_DIR") or paths.demo_dir() / "mail")


if __name__ == "__main__":
    sys.exit(main())
