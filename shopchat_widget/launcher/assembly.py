"""Putting the launcher's script together: its source, and the inbox's look and texts as one JSON object."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from shopchat.carts.offering import is_on
from shopchat.conf import settings as shopchat_settings
from shopchat.core.stripping import stripped
from shopchat.inboxes.models import Inbox
from shopchat_widget.presence import title_of

FOLDER = Path(__file__).parent
BUBBLE_START_SIDE = "#bubble{inset-inline:0 auto!important;border-end-end-radius:16px;border-end-start-radius:4px}"
START_SIDE = ":host,dialog{inset-inline:var(--shopchat-side,16px) auto!important}"
# Quoted text; the parentheses around a single parameter; spaces around signs, and a semicolon before a closing brace.
SPARE = re.compile(
    r"""(?P<quoted>"[^"\n]*"|'[^'\n]*'|`[^`]*`)|(?<!\w)\((?P<parameter>\w+)\)(?= =>)|[ ;]*(?P<end>}) ?|"""
    r""" ?(?P<sign>=>|&&|\|\||\?\?|[-+*=!?:{}()<>,;]) ?"""
)
BACKSLASHED = r"\\\g<0>"
NOTHING = "/* The chat is switched off. */\n"


def script(inbox: Inbox, language: str) -> str:
    """The script for this inbox and language; one that does nothing while the inbox is switched off.

    Where the site offers nothing by itself, there is nothing in it that could ask.
    """
    if not inbox.is_active:
        return NOTHING
    with translation.override(language):
        settings = _json(_settings(inbox, language))
    return f"{_asking(language) if is_on(inbox) else ''}{_source('launcher.js')}\nlaunch({settings});\n"


def offer_script(inbox: Inbox, language: str) -> str:
    """What is loaded where there is something to offer. Its words come with the offer."""
    css = _source("offer.css") + (BUBBLE_START_SIDE if inbox.side == Inbox.Side.START else "")
    show = f"{reverse('shopchat_widget:offer_show')}?lang={language}"
    return (
        f"{_source('offer.js')}\nexport default(wait)=>whenHere({_json({'css': css, 'show': show})},{_quiet()},wait);\n"
    )


def _asking(language: str) -> str:
    offer = _json(reverse("shopchat_widget:offer"))
    script = _json(reverse("shopchat_widget:offer_script", args=[language]))
    return _source("asking.js").replace("QUIET", _quiet()).replace("OFFER", offer).replace("SCRIPT", script)


def _quiet() -> str:
    """A regular expression of JavaScript that finds the paths where nothing is offered; nothing where there are none."""
    parts = ["".join(filter(str.isprintable, part)) for part in shopchat_settings.QUIET_PATHS]
    found = "|".join(re.sub(r"[^\w-]", BACKSLASHED, part) for part in parts)
    return f"/{found or '(?!)'}/"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _settings(inbox: Inbox, language: str) -> dict[str, Any]:
    page = reverse("shopchat_widget:page")
    label = inbox.text("launcher", language) or _("Chat with us")
    return {
        "css": _source("launcher.css") + _tokens(inbox),
        "pill": inbox.launcher == Inbox.Launcher.PILL,
        "label": label,
        "name": _name(label),
        "unread": _("new messages: %s"),
        "title": title_of(inbox),
        "close": _("Close chat"),
        "page": page,
        "frame": f"{page}?lang={language}",
        "state": reverse("shopchat_widget:state"),
        "poll": reverse("shopchat:poll"),
    }


def _name(label: str) -> str:
    """The button's accessible name: what is written on it, and that it is a chat."""
    chat = _("Chat")
    return label if chat.casefold() in label.casefold() else f"{label} ({chat})"


def _tokens(inbox: Inbox) -> str:
    colour = inbox.accent if re.fullmatch(r"#[0-9a-fA-F]{6}", inbox.accent) else "#0b6e4f"
    tokens = f":host{{--accent:var(--shopchat-accent,{colour});--on:var(--shopchat-on-accent,{inbox.on_accent})}}"
    return tokens + (START_SIDE if inbox.side == Inbox.Side.START else "")


@cache
def _source(name: str) -> str:
    """A source file with nothing in it that a browser does not need: every page of the shop loads this one."""
    text = stripped((FOLDER / name).read_text("utf-8")).strip()
    if name.endswith(".css"):
        return re.sub(r"\s*([{};,])\s*|(?<=:)\s+|\n\s*|\s+(?=!)", r"\1", text).replace(";}", "}")
    return _squeezed(re.sub(r"(?<=[;{},])\n", "", text))


def _squeezed(text: str) -> str:
    """A script without spaces around signs and without what else may be left out; what stands in quotes stays as it is."""
    return SPARE.sub(lambda found: found["quoted"] or found["parameter"] or found["end"] or found["sign"], text)
