"""Which language a page of ours speaks: the one that the shop's page asked for, carried on in ``?lang=``."""

from django.conf import settings
from django.utils import translation


def active() -> str:
    """The active language as one of :func:`known`; the site's default when the active one is not offered."""
    return _offered(translation.get_language() or "") or str(settings.LANGUAGE_CODE)


def known() -> set[str]:
    """The languages that the shop offers."""
    return {str(settings.LANGUAGE_CODE), *(str(code) for code, _name in settings.LANGUAGES)}


def asked_for(code: str) -> str:
    """``code`` if the shop offers it, else the active language."""
    return _offered(code) or active()


def _offered(code: str) -> str:
    offered = {language.lower(): language for language in known()}
    return offered.get(code.lower()) or offered.get(code.lower().partition("-")[0], "")
