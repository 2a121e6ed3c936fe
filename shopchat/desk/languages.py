"""The languages in which the shop speaks to its customers."""

from django.conf import global_settings, settings

from shopchat.core.languages import listed


def languages() -> list[tuple[str, str]]:
    """Code and name of each; Django's own list of all there are counts as not chosen, and the default one is left."""
    if settings.LANGUAGES != global_settings.LANGUAGES:
        return [(str(code), str(name)) for code, name in settings.LANGUAGES]
    code = listed(settings.LANGUAGE_CODE)
    return [(code, str(dict(settings.LANGUAGES).get(code, code)))]
