"""Where the demo store keeps its files. No Django in here: ``run`` and ``prebuilt`` need it too."""

import os
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MARKER = ".shopchat-demo"
FOLDERS = ("media", "cache", "search", "mail")
PORT_FILE, DEFAULT_PORT = "port", "8000"
FILES = ("shop.sqlite3*", "secret-key", "loaded", "migrations", PORT_FILE, MARKER)


def demo_dir() -> Path:
    """The folder below which everything that changes lives (``SHOPCHAT_DEMO_DIR`` moves it)."""
    return Path(os.environ.get("SHOPCHAT_DEMO_DIR") or REPOSITORY / "var" / "demo").resolve()


def prepare(folder: Path) -> None:
    """Create ``folder`` and its parts, and mark it as ours, so that a reset knows what it may empty."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def port(folder: Path) -> str:
    """Where the store answers that was started last: commands in another terminal make links that lead there."""
    noted = folder / PORT_FILE
    return os.environ.get("PORT") or (noted.read_text() if noted.exists() else DEFAULT_PORT)


def note_port(folder: Path, port: int) -> None:
    (folder / PORT_FILE).write_text(str(port))


def is_demo_dir(folder: Path) -> bool:
    return (folder / MARKER).is_file()


def remove(folder: Path) -> None:
    """Remove what the demo keeps in ``folder``, and nothing that somebody else put there."""
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for pattern in FILES:
        for path in folder.glob(pattern):
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
