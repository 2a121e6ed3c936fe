"""Wagtail is imported by the desk and by the few files where it must be."""

import ast

import pytest

from tests.architecture.tree import imported_modules, parse, python_files, relative

ALLOWED = (
    "shopchat/desk/",
    "shopchat/knowledge/",
    "shopchat/migrations/",
    "shopchat/wagtail_hooks.py",
    "shopchat_widget/blocks.py",
)


def imports_wagtail(tree):
    return any(name.split(".")[0] == "wagtail" for name in imported_modules(tree))


def test_only_the_desk_imports_wagtail():
    files = [relative(path) for path in python_files() if imports_wagtail(parse(path))]

    assert [file for file in files if not file.startswith(ALLOWED)] == []


@pytest.mark.parametrize(
    "source",
    ["import wagtail", "from wagtail.models import Site", "def f():\n    from wagtail import hooks"],
)
def test_an_import_of_wagtail_is_found(source):
    assert imports_wagtail(ast.parse(source))
    assert not imports_wagtail(ast.parse("from shopchat import wagtail_hooks"))
