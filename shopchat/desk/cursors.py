"""Where a page of a list goes on: the moment and the id of its last row, as text for an address."""

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from shopchat.desk.refusals import Refusal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_MOMENT_DIGITS, MAX_ID_DIGITS = 16, 18


def encode(moment: datetime, pk: int) -> str:
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}-{pk}"


def decode(cursor: str) -> tuple[datetime, int]:
    """Raises :class:`Refusal` for what is none of ours."""
    moment, dash, pk = cursor.partition("-")
    is_ours = dash and f"{moment}{pk}".isascii() and moment.isdecimal() and pk.isdecimal()
    if not is_ours or len(moment) > MAX_MOMENT_DIGITS or len(pk) > MAX_ID_DIGITS:
        raise Refusal(400, _("The page is out of date. Please reload it."))
    return EPOCH + timedelta(microseconds=int(moment)), int(pk)


def milliseconds(moment: datetime | None) -> int:
    """Since 1970, as scripts count; 0 for no moment."""
    return (moment - EPOCH) // timedelta(milliseconds=1) if moment else 0
