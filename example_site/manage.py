"""Django's command line for the demo store: ``python -m example_site.manage <command>``."""

import os
import sys
from pathlib import Path


def main() -> None:
    # Run as a file, Python puts this folder on the path instead of the repository.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != here]
    sys.path.insert(0, str(here.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
