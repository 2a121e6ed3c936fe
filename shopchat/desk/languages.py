"""The languages in which the shop speaks to its customers."""

from django.conf import global_settings, settings


def languages() -> list[tuple[str, str]]:
    """Code and name of each; Django's own list of all there are counts as not chosen, and the default one is left."""
    if settings.LANGUAGES != global_settings.LANGUAGES:
        return [(str(code), str(name)) for code, name in settings.LANGUAGES]
    default = [(code, name) for code, name in settings.LANGUAGES if code == settings.LANGUAGE_CODE.lower()]
    return default or [("en", "English")]
