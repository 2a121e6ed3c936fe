"""Time zones as customers see them: their own, and the shop's by name where the two differ."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

NAME_MAX_LENGTH = 64


def zone_named(name: str) -> ZoneInfo | None:
    """The zone that a browser says it is in, ``None`` for anything that is none."""
    # "localtime" and other files beside the zones are none; "UTC" is the one without a continent.
    if len(name) > NAME_MAX_LENGTH or not (name == "UTC" or "/" in name):
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def place_of(zone: ZoneInfo) -> str:
    """``Kyiv`` for ``Europe/Kyiv``."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def offset_of(moment: datetime) -> str:
    """``UTC+2``, as it is at this aware moment."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds() // 60)
    sign, (hours, rest) = "+" if minutes >= 0 else "−", divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
