"""Regenerates `shopchat/migrations/0001_initial.py`; run by `make migrations`.

Until 1.0 there is one initial migration, written anew and never edited. It is made beside
the others, in an empty package, because those that follow it depend on it.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "fresh_migrations"
        package.mkdir()
        package.joinpath("__init__.py").touch()
        sys.path.insert(0, folder)
        settings.MIGRATION_MODULES = {"shopchat": package.name}
        django.setup()
        call_command("makemigrations", "shopchat", name="initial", include_header=False)
        target = settings.BASE_DIR / "shopchat" / "migrations" / "0001_initial.py"
        shutil.copyfile(package / "0001_initial.py", target)
    print(f"Written: {target.relative_to(settings.BASE_DIR)}")


if __name__ == "__main__":
    main()
