"""A migrated and loaded demo folder for tests: built once, then only copied."""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from example_site import fingerprints, paths

STDERR = 2
CACHE = paths.REPOSITORY / "var" / "cache"


def prebuilt_database(target_dir: Path) -> Path:
    """Fill ``target_dir`` with a loaded demo and return it; pass it on as ``SHOPCHAT_DEMO_DIR``.

    The very first call takes about a minute and a half, the first after a change of our migrations or of the
    demo's data some twenty seconds, all others copy a few megabytes. Several processes may call at once.
    Raises ``subprocess.CalledProcessError`` when the build fails.
    """
    with _alone():
        return Path(shutil.copytree(_demo(), target_dir, dirs_exist_ok=True))


def migrated_store(target: Path) -> Path:
    """Write the SQLite database of the store without the chat, migrated and without data, to ``target``; return it.

    Takes about a minute once for each set of installed packages. Several processes may call at once.
    Raises ``subprocess.CalledProcessError`` when the build fails.
    """
    with _alone(), closing(sqlite3.connect(_store() / "shop.sqlite3")) as store:
        # A copy of the file would keep the demo's way of journalling.
        store.execute("VACUUM INTO ?", [str(target)])
    return target


@contextmanager
def _alone() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _demo() -> Path:
    finished = CACHE / f"demo-{fingerprints.everything()[:16]}"
    if not finished.exists():
        draft = _empty("demo")
        shutil.copytree(_store(), draft)
        _run(draft, "example_site.run", "--prepare-only")
        draft.rename(finished)
        _forget_others(finished)
    return finished


def _store() -> Path:
    """The migrated tables of Wagtail and Oscar, without ours and without data."""
    finished = CACHE / f"store-{fingerprints.packages()[:16]}"
    if not finished.exists():
        draft = _empty("store")
        _run(
            draft, "example_site.manage", "migrate", "--skip-checks", "--verbosity", "0", SHOPCHAT_DEMO_WITHOUT_CHAT="1"
        )
        draft.rename(finished)
        _forget_others(finished)
    return finished


def _empty(name: str) -> Path:
    draft = CACHE / f"{name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    return draft


def _run(folder: Path, *command: str, **variables: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SHOPCHAT_")}
    ours = {"SHOPCHAT_DEMO_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "example_site.settings"}
    environment = kept | ours | variables
    # What it prints is for people who wait, not for whoever reads our own output.
    subprocess.run([sys.executable, "-m", *command], env=environment, cwd=paths.REPOSITORY, stdout=STDERR, check=True)  # noqa: S603


def _forget_others(finished: Path) -> None:
    kind = finished.name.split("-")[0]
    for old in CACHE.glob(f"{kind}-*"):
        if old != finished:
            shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    print(prebuilt_database(Path(sys.argv[1])))
