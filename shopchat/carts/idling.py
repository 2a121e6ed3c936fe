"""From being filled to idle: most baskets come this way, and nothing of them has to be read for it."""

from django.db import transaction
from django.db.models import F

from shopchat.carts import episodes, rules, states
from shopchat.carts.models import BasketWatch
from shopchat.carts.runs import Run
from shopchat.inboxes.models import Inbox

State = BasketWatch.State
AT_ONCE = 2000


def fall_idle(run: Run) -> int:
    """Baskets that nobody has touched for as long as the site's rules say; answers how many there are."""
    waiting = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at)
    # Whoever filled a basket again did not wait for what had been planned before to be called off.
    episodes.forget_plans(list(waiting.filter(episode__gt=1).values_list("ref", flat=True)))
    return sum(_fall_idle_in(run, inbox) for inbox in Inbox.objects.values_list("pk", flat=True))


def _fall_idle_in(run: Run, inbox: int) -> int:
    its = run.rules_of(inbox)
    waiting = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at, inbox=inbox)
    silent = waiting.filter(last_activity__lte=run.at - rules.idle_after(its)).order_by("look_at", "pk")
    left_at = F("last_activity") + rules.left_after(its)
    done = 0
    while True:
        with transaction.atomic():
            pks = list(states.locked(silent).values_list("pk", flat=True)[:AT_ONCE])
            if pks:
                done += states.move_rows(pks, State.ACTIVE, State.IDLE, at=run.at, look_at=left_at)
        if len(pks) < AT_ONCE:
            break
    return done + _wind_up(run, inbox)


def _wind_up(run: Run, inbox: int) -> int:
    """The others were touched since their timer was set."""
    busy = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at, inbox=inbox)
    with transaction.atomic():
        pks = list(states.locked(busy).values_list("pk", flat=True))
        still = BasketWatch.objects.filter(pk__in=pks, state=State.ACTIVE, look_at__lte=run.at)
        return still.update(look_at=F("last_activity") + rules.idle_after(run.rules_of(inbox))) if pks else 0
