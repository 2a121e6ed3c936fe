"""What the desk says of the worker and of deliveries that went wrong."""

from typing import Any

from django.utils.translation import gettext as _

from shopchat.conversations import access, watching


def silence(user: Any) -> str:
    """For whoever may edit operators: that nothing does the periodic work although something waits. Else empty."""
    if not user.has_perm("shopchat.change_operator") or not watching.is_neglected():
        return ""
    return _(
        "Mail is not being sent: the worker has been silent for more than two minutes. Start or restart "
        "“manage.py qcluster”, or let cron run “manage.py shopchat_tick” each minute."
    )


def went_wrong(user: Any) -> int:
    """How many deliveries somebody should look at."""
    return access.deliveries_for_operator(user).needing_a_look().count()
