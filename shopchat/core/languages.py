"""Languages as the shop lists them."""

from django.conf import settings


def listed(code: str) -> str:
    """``code`` as ``LANGUAGES`` writes it; else the language of which it is a variety, ``en`` for ``en-us``; else itself.

    Django activates ``LANGUAGE_CODE`` where nothing is chosen, and that need not be listed: a new project has ``en-us``,
    and Django's list has ``en``. Texts are written in the languages of the list.
    """
    codes = {str(one).lower(): str(one) for one, _name in settings.LANGUAGES}
    whole = code.lower()
    return codes.get(whole) or codes.get(whole.partition("-")[0]) or code
