"""From being filled to idle: most baskets come this way, and nothing of them has to be read for it."""

from django.db import transaction
from django.db.models import Count, F, Max

from shopchat.carts import episodes, rules, states
from shopchat.carts.models import BasketWatch
from shopchat.carts.runs import Run

State = BasketWatch.State
AT_ONCE = 2000


def fall_idle(run: Run) -> int:
    """Baskets that nobody has touched for as long as the site's rules say; answers how many there are."""
    waiting = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at)
    sites = list(waiting.order_by().values_list("inbox").annotate(Count("pk"), Max("episode")))
    if any(episode > 1 for _inbox, _number, episode in sites):
        # Whoever filled a basket again did not wait for what had been planned before to be called off.
        episodes.forget_plans(list(waiting.filter(episode__gt=1).values_list("ref", flat=True)))
    return sum(_fall_idle_in(run, inbox, number) for inbox, number, _episode in sites)


def _fall_idle_in(run: Run, inbox: int, number: int) -> int:
    """``number``: how many of this site wait."""
    its = run.rules_of(inbox)
    waiting = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at, inbox=inbox)
    silent = waiting.filter(last_activity__lte=run.at - rules.idle_after(its)).order_by("look_at", "pk")[:AT_ONCE]
    left_at = F("last_activity") + rules.left_after(its)
    done = 0
    while moved := states.move_those(silent, State.ACTIVE, State.IDLE, at=run.at, look_at=left_at):
        done += moved
        if moved < AT_ONCE:
            break
    return done if done == number else done + _wind_up(run, inbox)


def _wind_up(run: Run, inbox: int) -> int:
    """The others were touched since their timer was set."""
    busy = BasketWatch.objects.filter(state=State.ACTIVE, look_at__lte=run.at, inbox=inbox)
    with transaction.atomic():
        pks = list(states.locked(busy).values_list("pk", flat=True))
        still = BasketWatch.objects.filter(pk__in=pks, state=State.ACTIVE, look_at__lte=run.at)
        return still.update(look_at=F("last_activity") + rules.idle_after(run.rules_of(inbox))) if pks else 0
