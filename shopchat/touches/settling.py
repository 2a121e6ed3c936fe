"""Writing down what became of a planned touch."""

from datetime import datetime

from shopchat.touches.deciding import Answer, Verdict
from shopchat.touches.models import Touch

State = Touch.State
ENDS = {Answer.DROP: State.DROPPED, Answer.HOLD_OUT: State.HELD_OUT, Answer.GO: State.HANDED}


def settle(touch: Touch, verdict: Verdict, now: datetime) -> None:
    """What the verdict says, on a touch that the caller holds."""
    touch.reason = verdict.reason
    if verdict.answer is Answer.DEFER:
        touch.deferrals += 1
        touch.due_at = verdict.until or touch.due_at
    else:
        touch.state = ENDS[verdict.answer]
        touch.settled_at = now
        if verdict.because:
            touch.details = {**touch.details, "because": verdict.because}
    touch.save(update_fields=["reason", "deferrals", "due_at", "state", "settled_at", "details"])
