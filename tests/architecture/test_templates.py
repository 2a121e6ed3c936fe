"""Templates carry no script and no style of their own: our pages promise a strict CSP."""

import re

import pytest

from tests.architecture.tree import relative, templates

_COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}", re.DOTALL)
_OFFENCES = {
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\b(data-)?hx-on\b", re.IGNORECASE),
    "js: expression": re.compile(r"[\"']\s*(js|javascript):", re.IGNORECASE),
}


def offences(source):
    """What the source has that a strict CSP forbids."""
    source = _COMMENT.sub("", source)
    return [name for name, pattern in _OFFENCES.items() if pattern.search(source)]


def test_templates_need_no_inline_script_or_style():
    found = {relative(path): offences(path.read_text()) for path in templates()}

    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ('<script type="module">import "./a.js"</script>', "inline script"),
        ("<style>p { color: red }</style>", "style element"),
        ('<p class="a" style="color: red">', "style attribute"),
        ('<button\n  onclick="go()">', "event attribute"),
        ('<button hx-on:click="go()">', "hx-on"),
        ("<button hx-vals='js:{a: 1}'>", "js: expression"),
        ('<a href="javascript:void(0)">', "js: expression"),
    ],
)
def test_what_a_strict_policy_forbids_is_found(source, offence):
    assert offence in offences(source)


@pytest.mark.parametrize(
    "source",
    [
        '<script type="module" src="{% static "a.js" %}" async></script>',
        '<script id="texts" type="application/json">{}</script>',
        '<link rel="stylesheet" href="{% static "a.css" %}">',
        '{# never style="…" here #}<p data-on="1" class="on style">one = two</p>',
    ],
)
def test_what_it_allows_is_left_alone(source):
    assert offences(source) == []
