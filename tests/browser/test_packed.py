"""Scripts and styles as the wheel holds them are read by a browser like the sources."""

import pytest
from django.conf import settings

from shopchat.core.stripping import stripped

pytestmark = pytest.mark.browser

FILES = sorted(
    path
    for package in ("shopchat", "shopchat_widget")
    for path in (settings.BASE_DIR / package / "static").rglob("*")
    if path.suffix in {".js", ".css"}
)
# A module's text as a function's: what is not allowed in one is left out, and nothing of it runs.
COMPILE = r"text => { new Function(text.replace(/^export /gm, '').replace(/^import .*$/gm, '')); return true }"
RULES = """text => {
    const count = (list) => [...list].reduce((sum, rule) => sum + 1 + (rule.cssRules ? count(rule.cssRules) : 0), 0);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return count(sheet.cssRules);
}"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_browser_reads_it_like_the_source(window, path):
    page = window()
    source = path.read_text()

    if path.suffix == ".js":
        assert page.evaluate(COMPILE, stripped(source))
    else:
        assert page.evaluate(RULES, stripped(source)) == page.evaluate(RULES, source) > 0
