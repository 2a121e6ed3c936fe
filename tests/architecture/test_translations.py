"""English, Russian, Ukrainian: complete, compiled, and with the same placeholders."""

import ast
import re
import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests import capabilities

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("ru", "uk")
PACKAGES = ("shopchat", "shopchat_widget")
CATALOGUES = [(package, language) for package in PACKAGES for language in LANGUAGES]
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


def faults(message: Message) -> list[str]:
    """What is wrong with one entry; the English plural may use a number where the singular has none."""
    originals = message.id if isinstance(message.id, tuple) else (message.id,)
    translations = message.string if isinstance(message.string, tuple) else (message.string,)
    wanted = set(PLACEHOLDER.findall(originals[-1]))
    found = []
    if message.fuzzy:
        found.append("fuzzy")
    if not all(translations):
        found.append("not translated")
    elif any(set(PLACEHOLDER.findall(text)) != wanted for text in translations):
        found.append("other placeholders")
    return [f"{originals[0]!r}: {fault}" for fault in found]


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def po_file(package: str, language: str, root: Path = ROOT) -> Path:
    return root / package / "locale" / language / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize(("package", "language"), CATALOGUES)
def test_every_text_is_translated(package, language):
    catalogue = read(po_file(package, language))

    assert len(catalogue) > 10
    assert [fault for message in catalogue if message.id for fault in faults(message)] == []
    # Django's own formula, else numbers up to a hundred are declined wrongly beside Django's texts.
    assert catalogue.num_plurals == 4


@pytest.mark.parametrize(("package", "language"), CATALOGUES)
def test_the_compiled_catalogue_is_that_of_the_texts(package, language):
    path = po_file(package, language)
    with path.with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)

    for message in read(path):
        if isinstance(message.id, tuple):
            assert compiled.ngettext(*message.id, 1) == message.string[0], message.id
        elif message.id:
            text = compiled.pgettext(message.context, message.id) if message.context else compiled.gettext(message.id)
            assert text == message.string, message.id


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_of_the_sources_is_missing(package, tmp_path):
    if not capabilities.has("gettext"):
        pytest.skip("no gettext on this machine")
    shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    known = {message.id for message in read(po_file(package, "ru"))}

    command = [sys.executable, "-m", "django", "makemessages", "--locale", "ru", "--no-obsolete"]
    subprocess.run(command, cwd=tmp_path / package, check=True, capture_output=True)

    now = {message.id for message in read(po_file(package, "ru", tmp_path))}
    assert now - known == set()
    assert known - now == set()


def test_the_rule_can_find_something():
    def entry(original, translation, *flags):
        return Message(original, translation, flags=flags)

    assert faults(entry("%(count)s calls", "%(count)s звонков")) == []
    assert faults(entry("Hello", "")) == ["'Hello': not translated"]
    assert faults(entry("Hello", "Привет", "fuzzy")) == ["'Hello': fuzzy"]
    assert faults(entry("Hello %(name)s", "Привет")) == ["'Hello %(name)s': other placeholders"]
    assert faults(entry(("%(n)s day", "%(n)s days"), ("%(n)s день", "%(n)s дня", "", ""))) == [
        "'%(n)s day': not translated"
    ]


def hidden(source: str) -> list[str]:
    """Texts that xgettext does not see, because they stand inside an f-string."""
    formatted = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr))
    calls = (node for one in formatted for node in ast.walk(one) if isinstance(node, ast.Call))
    return [ast.unparse(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id in GETTEXT]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_hides_from_the_catalogues(package):
    modules = sorted((ROOT / package).rglob("*.py"))

    assert hidden("f\"{says} {_('Choose another.')}\"") == ["_('Choose another.')"]
    assert len(modules) > 10
    assert {str(path): found for path in modules if (found := hidden(path.read_text(encoding="utf-8")))} == {}
