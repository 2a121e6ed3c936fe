"""The wheel is complete, and the README's lines make it work in a bare Django + Wagtail project."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from shopchat.core.stripping import stripped
from tests.architecture.tree import PACKAGES, ROOT
from tests.packaging import readme

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

VISIT = Path(__file__).with_name("visit.py")


def run(*command, cwd=None):
    """Output of a command that must succeed, in an environment that knows nothing of the suite."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTHON", "COV"))}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=variables, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def pip(python, *command):
    return run(sys.executable, "-m", "pip", "--python", python, *command)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """A new environment with the wheel and what it depends on. The path of its Python.

    Our own pip fills it: a second pip, and bytecode of modules that nobody imports, would take half of the time.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    pip(python, "install", "--quiet", "--no-compile", wheel)
    return python


@pytest.fixture(scope="module")
def project(environment, tmp_path_factory):
    """A new Wagtail site, changed as the README says."""
    folder = tmp_path_factory.mktemp("project")
    run(environment.with_name("wagtail"), "start", "bare", folder)
    instructions = readme.read(ROOT / "README.md")

    append(folder / "bare/settings/base.py", instructions.settings)
    insert(folder / "bare/urls.py", after="urlpatterns = [\n", text=instructions.urls)
    insert(folder / "bare/templates/base.html", before="</body>", text=instructions.template)
    for command in instructions.commands:
        assert command.startswith("python manage.py ")
        run(environment, *command.split()[1:], cwd=folder)
    return folder


def append(path, text):
    path.write_text(f"{path.read_text()}\n{text}\n")


def insert(path, *, text, after="", before=""):
    source = path.read_text()
    assert source.count(after + before) == 1, f"{path} has no place for {text!r}"
    path.write_text(source.replace(after + before, f"{after}{text}\n{before}"))


def test_the_readme_asks_for_at_most_eight_lines():
    assert readme.read(ROOT / "README.md").lines <= 8


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel):
    listed = run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *PACKAGES)
    tracked = {name for name in listed.splitlines() if (ROOT / name).exists()}

    with zipfile.ZipFile(wheel) as archive:
        packed = [name for name in archive.namelist() if ".dist-info/" not in name]

    assert sorted(packed) == sorted(tracked)


def test_scripts_and_styles_travel_without_their_comments(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".js", ".css"))}

    in_static = {name: text for name, text in packed.items() if "/static/" in name}
    assert len(in_static) > 10
    for name, text in in_static.items():
        assert text == stripped((ROOT / name).read_text()), name
        assert "/*" not in text


def test_the_wheel_states_its_license_and_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()

    assert "License-Expression: BSD-3-Clause" in metadata
    assert {"asgi", "oscar", "postgres", "redis"} <= set(re.findall(r"^Provides-Extra: (\S+)", metadata, re.MULTILINE))


def test_it_imports_with_no_store_installed(environment):
    installed = pip(environment, "list", "--format", "freeze")

    assert "django-oscar" not in installed


def test_checks_find_nothing(environment, project):
    assert "no issues" in run(environment, "manage.py", "check", "--fail-level", "WARNING", cwd=project)


def test_migrations_are_complete_there_too(environment, project):
    run(environment, "manage.py", "makemigrations", "--check", "--dry-run", cwd=project)


def test_the_doctor_is_content(environment, project):
    assert json.loads(run(environment, "manage.py", "shopchat_doctor", "--json", cwd=project))


def test_the_pages_work(environment, project):
    append(project / "bare/settings/dev.py", 'ALLOWED_HOSTS = ["testserver"]')

    visited = run(environment, "manage.py", "shell", "-c", VISIT.read_text(), cwd=project)

    assert "visited" in visited
