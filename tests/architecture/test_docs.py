"""Everything that others may use has a heading in the reference, and every heading a thing."""

import re
from importlib import import_module

import pytest
from django.dispatch import Signal

from tests.architecture.tree import ROOT, python_files

REFERENCE = ROOT / "docs" / "reference"
_CHECK_ID = re.compile(r"[\"'](shopchat(?:_widget)?\.[CEIW]\d{3})[\"']")


def settings():
    members = vars(type(import_module("shopchat.conf").settings))
    return {name for name, member in members.items() if isinstance(member, property)}


def checks():
    return {found for path in python_files() for found in _CHECK_ID.findall(path.read_text())}


def signals():
    module = import_module("shopchat.signals")
    return {name for name, thing in vars(module).items() if isinstance(thing, Signal)}


def commands():
    files = ROOT.glob("shopchat*/management/commands/*.py")
    return {path.stem for path in files if not path.stem.startswith("_")}


def template_tags():
    libraries = {path.stem for path in ROOT.glob("shopchat_widget/templatetags/*.py")} - {"__init__"}
    return {tag for name in libraries for tag in import_module(f"shopchat_widget.templatetags.{name}").register.tags}


def headings(text):
    """The first code span of each heading below the page's title."""
    return set(re.findall(r"^##+ `([^`]+)`", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("page", "things"),
    [
        ("settings", settings),
        ("checks", checks),
        ("signals", signals),
        ("commands", commands),
        ("template-tags", template_tags),
    ],
)
def test_the_reference_is_complete(page, things):
    documented = headings(REFERENCE.joinpath(f"{page}.md").read_text())

    assert documented == things()


def test_a_missing_heading_is_found():
    assert headings("# Settings\n\n## `STORE`\n\nText with `LIVE`.\n\n### `CACHE` option\n") == {"STORE", "CACHE"}


@pytest.mark.parametrize("things", [settings, checks, commands])
def test_the_rule_sees_things(things):
    assert things()
