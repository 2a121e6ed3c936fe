"""Imports go downwards only; `setup.cfg` holds the contract."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

pytestmark = pytest.mark.skipif(not LINT_IMPORTS.exists(), reason="import-linter is not installed")


def lint_imports(folder):
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}
    )


def test_the_layers_hold():
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def small_tree(tmp_path):
    """A tree with our contract and almost nothing in it."""
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for package in (*PACKAGES, "shopchat/core", "shopchat/desk", "shopchat/live", "shopchat/stores"):
        tmp_path.joinpath(package).mkdir()
        tmp_path.joinpath(package, "__init__.py").touch()
    tmp_path.joinpath("shopchat/models.py").touch()
    return tmp_path


def test_the_small_tree_passes_by_itself(small_tree):
    result = lint_imports(small_tree)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("file", "source"),
    [
        pytest.param("shopchat/core/http.py", "import shopchat.desk", id="upwards"),
        pytest.param("shopchat/live/stamps.py", "import shopchat.stores", id="sideways"),
        pytest.param("shopchat/desk/views.py", "import shopchat_widget", id="from the app to the storefront"),
        pytest.param("shopchat_widget/views.py", "import shopchat.models", id="the models index"),
        pytest.param("shopchat/helpers.py", "", id="a module that nobody placed"),
    ],
)
def test_a_wrong_import_is_found(small_tree, file, source):
    small_tree.joinpath(file).write_text(source)

    assert lint_imports(small_tree).returncode == 1
