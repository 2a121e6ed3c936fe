"""From the language that is active to the one that the shop lists."""

import pytest

from shopchat.core.languages import listed


@pytest.mark.parametrize(
    ("code", "found"),
    [("ru", "ru"), ("en-us", "en"), ("EN-GB", "en"), ("pt-br", "pt-BR"), ("pt", "pt"), ("de-at", "de-at"), ("", "")],
)
def test_a_variety_is_the_language_that_is_listed(settings, code, found):
    settings.LANGUAGES = [("en", "English"), ("ru", "Russian"), ("pt-BR", "Brazilian Portuguese")]

    assert listed(code) == found
