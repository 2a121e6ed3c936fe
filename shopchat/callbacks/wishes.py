"""What somebody typed into the form, and what of it can be stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shopchat.callbacks.models import ABOUT_MAX_LENGTH, NAME_MAX_LENGTH, CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import Rejected
from shopchat.callbacks.texts import Unfit, clean_line, clean_path, clean_text, cut_line
from shopchat.contacts import consents
from shopchat.contacts.models import ConsentText
from shopchat.core import phones
from shopchat.core.phones import InvalidPhone

SUBJECT_MAX_LENGTH = 200
PAGE_MAX_LENGTH = 500


@dataclass(frozen=True)
class Wish:
    """A form as it was sent. ``slot`` is a slot's value, empty for as soon as possible; ``client_id`` the form's own id;
    ``consent_hash`` the ``text_hash`` of the consent that was shown; ``replace`` what :class:`NumberWaits` gave along,
    once the customer has said that the waiting request is to be changed.
    """

    phone: str
    name: str
    about: str
    subject: str
    subject_ref: str
    subject_label: str
    slot: str
    time_zone: str
    page: str
    language: str
    client_id: str
    consent: bool
    consent_hash: str
    replace: str = ""


@dataclass(frozen=True)
class Cleaned:
    """What of a wish is stored. ``consent`` is the text that was shown, perhaps not published yet."""

    phone: str
    name: str
    about: str
    subject: str
    subject_ref: str
    subject_label: str
    time_zone: str
    page: str
    language: str
    client_id: str
    consent: ConsentText

    def fields(self) -> dict[str, str]:
        """What the customer may change later, by the names of the request's columns."""
        names = ("name", "about", "subject", "subject_ref", "subject_label", "time_zone", "page", "language")
        return {name: getattr(self, name) for name in names}


def clean(wish: Wish, rules: CallbackRules) -> Cleaned:
    """The wish without its moment. Raises :class:`~shopchat.callbacks.refusing.Rejected` with everything that is wrong."""
    language = _language(wish.language)
    shown = consents.text_for(rules.inbox, ConsentText.Purpose.CALLBACK, language)
    errors: dict[str, str] = {}
    cleaned = Cleaned(
        phone=_phone(wish.phone, rules, errors),
        name=_typed(wish.name, NAME_MAX_LENGTH, "name", errors),
        about=_typed(wish.about, ABOUT_MAX_LENGTH, "about", errors),
        subject=wish.subject if wish.subject in CallbackRequest.Subject else "",
        subject_ref=cut_line(wish.subject_ref, most=SUBJECT_MAX_LENGTH),
        subject_label=cut_line(wish.subject_label, most=SUBJECT_MAX_LENGTH),
        time_zone=zone_of(wish.time_zone, rules),
        page=clean_path(wish.page, most=PAGE_MAX_LENGTH),
        language=language,
        client_id=wish.client_id,
        consent=shown,
    )
    if not wish.consent:
        errors["consent"] = _("Without your consent we may not store your number. Tick this box so that we can call.")
    elif wish.consent_hash != shown.text_hash:
        errors["consent"] = text_has_changed()
    if not re.fullmatch(r"[A-Za-z0-9_-]{8,64}", wish.client_id):
        errors[""] = _("The form could not be sent. Please reload the page and try again.")
    if errors:
        raise Rejected(errors)
    return cleaned


def text_has_changed() -> str:
    """For whoever agreed to words that are no longer in force."""
    return _("This text has changed. Please read it again and tick the box.")


def zone_of(name: str, rules: CallbackRules) -> str:
    """The customer's time zone as their browser names it; the shop's if that is none."""
    # "localtime" and other files beside the zones are none; "UTC" is the one without a continent.
    if len(name) <= 64 and (name == "UTC" or "/" in name):
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, KeyError):
            pass
    return rules.schedule.time_zone


def countries_of(rules: CallbackRules) -> frozenset[str]:
    """The countries that are called."""
    return frozenset(str(code).upper() for code in rules.countries or [rules.default_region])


def _phone(typed: str, rules: CallbackRules, errors: dict[str, str]) -> str:
    try:
        return phones.parse(typed, region=rules.default_region.upper(), countries=countries_of(rules))
    except InvalidPhone as invalid:
        errors["phone"] = f"{_wrong(invalid.code)} {_for_example(invalid.example)}".strip()
        return ""


def _wrong(code: str) -> str:
    says: Mapping[str, str] = {
        "empty": _("Write the number on which we can reach you."),
        "unreadable": _("This is not a phone number: write its digits only."),
        "extension": _("We cannot dial an extension: write a number that rings at your place."),
        "too_short": _("The number is too short."),
        "too_long": _("The number is too long."),
        "country": _("We do not call this country: write a number of another one, with its country code."),
        "kind": _("We call mobile and landline numbers only."),
        "impossible": _("There is no such number: please look at its digits again."),
    }
    return says[code]


def _for_example(number: str) -> str:
    return _("For example: %(number)s") % {"number": number} if number else ""


def _typed(raw: str, most: int, field: str, errors: dict[str, str]) -> str:
    try:
        return clean_text(raw, most=most) if field == "about" else clean_line(raw, most=most)
    except Unfit as unfit:
        errors[field] = str(unfit)
        return ""


def _language(raw: str) -> str:
    return raw if raw in dict(django_settings.LANGUAGES) else get_language() or django_settings.LANGUAGE_CODE
