"""Which bug is put in, which faults bring it out, and which rule must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """``name`` is a function in ``bugs``, or one of those in the driver's own browsers."""

    name: str
    rule: str
    only: tuple[str, ...] = ("delay:send",)
    faults: int = 1
    grace: float = 1.0
    habit: str = ""
    layout: str = "uvicorn"
    calm: float = 0.4
    worker: bool = False


CATALOGUE = (
    Planted("answers_before_commit", "I1", only=("kill:web",)),
    Planted("answers_without_insert", "I1"),
    Planted("takes_a_portal_for_an_answer", "I1", only=("portal:send",), faults=2),
    Planted("new_id_for_each_try", "I2", only=("swallow:send",), faults=2),
    Planted("looks_before_it_inserts", "I2", only=("burst:send",), faults=2),
    Planted("forgets_the_start", "I2", only=("swallow:first",), faults=2),
    Planted("cuts_the_text", "I3"),
    Planted("shows_notes", "I4", habit="notes"),
    Planted("lets_strangers_in", "I4", faults=2, habit="doors"),
    Planted("orders_the_desk_by_time", "I5"),
    Planted("orders_by_time", "I6"),
    Planted("keeps_what_it_refuses", "I7", habit="reuse"),
    Planted("shows_the_place_before_the_row", "I8"),
    Planted("announces_before_commit", "I8", layout="gunicorn"),
    Planted("says_ready_to_everybody", "I8", only=("refuse:front",), calm=2.0, grace=3.0),
    Planted("skips_when_it_goes_on", "I8"),
    Planted("repeats_when_it_goes_on", "I8"),
    Planted("sends_mail_twice", "I10", worker=True),
    Planted("forgets_receipts", "I11", faults=2, habit="receipts"),
)
