"""Modules are named for what they do; a package says what it is."""

import ast

import pytest

from tests.architecture.tree import parse, python_files, relative

MEANINGLESS = {"constants", "helpers", "managers", "misc", "services", "tools", "utils"}
# Django asks for these packages; they are its words, not ours.
DICTATED = {"commands", "management", "migrations", "templatetags"}


def is_meaningless(path):
    return bool(MEANINGLESS & {part.removesuffix(".py") for part in path.parts})


def package_offences(source):
    """What is wrong with an `__init__.py`."""
    tree = ast.parse(source)
    if not ast.get_docstring(tree):
        yield "no docstring"
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)):
        yield "imports"


def test_no_module_has_a_name_that_says_nothing():
    assert [relative(path) for path in python_files() if is_meaningless(path)] == []


def test_packages_say_what_they_are_and_import_nothing():
    packages = [path for path in python_files() if path.name == "__init__.py" and path.parent.name not in DICTATED]

    offences = {relative(path): list(package_offences(path.read_text())) for path in packages}

    assert {path: found for path, found in offences.items() if found} == {}


def test_imports_are_absolute():
    relative_imports = [
        relative(path)
        for path in python_files()
        if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(parse(path)))
    ]

    assert relative_imports == []


@pytest.mark.parametrize("name", ["utils.py", "services/mail.py", "desk/helpers.py"])
def test_a_meaningless_name_is_found(tmp_path, name):
    assert is_meaningless(tmp_path / name)
    assert not is_meaningless(tmp_path / "desk" / "posting.py")


@pytest.mark.parametrize(
    ("source", "offence"),
    [("", "no docstring"), ('"""Words."""\nfrom shopchat.desk import views', "imports")],
)
def test_a_wrong_package_is_found(source, offence):
    assert offence in package_offences(source)
    assert list(package_offences('"""Words."""')) == []
