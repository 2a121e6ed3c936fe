"""Quiet hours: from when to when people of one zone are left in peace."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shopchat.operators.hours import moment

DAY = timedelta(days=1)


def quiet_until(starts: time, ends: time, *, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the quiet hours that ``now`` lies in, in UTC; ``None`` outside of them, and where both times are the same.

    Each night is a stretch between two moments, so that the hour that clocks show twice, or never, is in one or it is not.
    """
    if starts == ends:
        return None
    today = now.astimezone(zone).date()
    for day in (today - DAY, today):
        begins = moment(day, starts, zone)
        stops = moment(day if starts < ends else day + DAY, ends, zone)
        if begins <= now < stops:
            return stops
    return None
