"""What ``manage.py shopchat_doctor`` looks at: the system checks, and what only a running installation can tell."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.checks import ERROR
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from shopchat.callbacks.accounts import troubled
from shopchat.callbacks.keeping import unkept
from shopchat.callbacks.models import CallbackRules
from shopchat.callbacks.slots import answer_time
from shopchat.callbacks.wishes import countries_of
from shopchat.checks import ALL
from shopchat.conf import settings
from shopchat.contacts.models import ConsentText
from shopchat.conversations.watching import outlook
from shopchat.core.backends import load
from shopchat.core.heartbeats import PERIODIC, is_silent, last_beat
from shopchat.core.phones import is_region
from shopchat.inboxes.models import Inbox
from shopchat.live.bus.base import bus
from shopchat.live.bus.local import LocalBus
from shopchat.live.bus.trial import round_trip
from shopchat.live.stamps import stamps
from shopchat.operators.models import Operator
from shopchat.operators.roster import GROUP, may_answer, on_phone_duty
from shopchat.stores.base import Store


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``serious`` decides the exit code when it is not ``ok``."""

    name: str
    ok: bool
    says: str
    remedy: str = ""
    serious: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine() -> list[Finding]:
    """Everything, in the order in which one would mend it. Changes nothing."""
    return [
        *_checks(),
        *(
            _safely(look)
            for look in (
                *(_migrations, _operators, _hours, _callbacks, _telephony),
                *(_store, _live, _bus, _outbox, _failures, _worker),
            )
        ),
    ]


def _checks() -> Iterator[Finding]:
    messages = [message for check in ALL for message in check(None, databases=["default"])]
    if not messages:
        yield Finding("settings", True, "no system check has anything to say")
    for message in messages:
        yield Finding(str(message.id), False, str(message.msg), str(message.hint or ""), message.level >= ERROR)


def _safely(look: Callable[[], Finding]) -> Finding:
    name = look.__name__.strip("_")
    try:
        return look()
    except DatabaseError as error:
        return Finding(name, False, f"the database answered {type(error).__name__}", "Run manage.py migrate.")
    except Exception as error:  # a doctor who faints helps nobody
        return Finding(name, False, f"could not be looked at: {type(error).__name__}", "See the findings above.")


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "shopchat"]
    missing = len(executor.migration_plan(targets))
    return Finding("migrations", not missing, f"{missing} to run", "Run manage.py migrate.")


def _operators() -> Finding:
    able = sum(may_answer(operator.user) for operator in Operator.objects.select_related("user"))
    says = f"{able} who have opened the desk and may answer"
    remedy = f'Put staff into the group "{GROUP}" and let them open the desk once.'
    return Finding("operators", able > 0, says, remedy, serious=False)


def _hours() -> Finding:
    without = Inbox.objects.filter(schedule=None, is_active=True).count()
    none_yet = not Inbox.objects.exists()
    says = "no widget yet: the first visit makes one" if none_yet else f"{without} widget(s) without working hours"
    remedy = "Choose working hours for the widget in the Wagtail admin, so that customers are told when you answer."
    return Finding("working hours", not without and not none_yet, says, remedy, serious=False)


def _callbacks() -> Finding:
    offered = list(CallbackRules.objects.filter(is_active=True).select_related("inbox", "schedule"))
    if not offered:
        return Finding("callbacks", True, "no widget offers calls")
    wanting = [*(lack for rules in offered for lack in _lacks(rules)), *_promises()]
    says = f"{len(offered)} widget(s) offer calls" + "".join(f"; {says}" for says, _remedy in wanting)
    remedies = dict.fromkeys(remedy for _says, remedy in wanting)
    return Finding("callbacks", not wanting, says, " ".join(remedies), serious=False)


def _lacks(rules: CallbackRules) -> Iterator[tuple[str, str]]:
    """What keeps a widget from promising calls, or from knowing to what its customers agreed; and the remedy."""
    if not on_phone_duty().exists():
        yield "nobody is on phone duty", "Let an operator make calls: Chat, Operators in the Wagtail admin."
    elif not rules.schedule.intervals.exists():
        yield (
            f"“{rules.schedule}” has no hours",
            "Give the hours of calls their days: Chat, Working hours in the Wagtail admin.",
        )
    elif answer_time(rules, now=timezone.now()) is None:
        yield (
            f"{rules} has no free time in the next {rules.horizon_days} days",
            "Let the operators' hours on the phone meet the hours of calls, or let more of them call.",
        )
    if wrong := sorted({code for code in countries_of(rules) if not is_region(code)}):
        yield (
            f"{rules} calls countries that there are not: {', '.join(wrong)}",
            "Write countries as two letters, for example UA, in the callback rules.",
        )
    if not ConsentText.objects.filter(inbox=rules.inbox, purpose=ConsentText.Purpose.CALLBACK).exists():
        yield (
            f"{rules} has no consent text of its own",
            "The standard text is shown; write your own with the callback rules in the Wagtail admin.",
        )


def _promises() -> Iterator[tuple[str, str]]:
    """Times that were given away and have nobody to call in them."""
    if left := unkept(now=timezone.now()):
        yield (
            f"{len(left)} promised call(s) lie where nobody calls, the first is {left[0].readable_number}",
            "Give those customers another time, or let somebody call then: Chat, Callbacks in the Wagtail admin.",
        )


def _store() -> Finding:
    store = load(settings.STORE, Store)
    return Finding("store", True, type(store).__name__)


def _live() -> Finding:
    topic = "doctor"
    backend = stamps()
    backend.flash(topic, seconds=5)
    answered = bool(backend.read([topic])[topic])
    backend.end_flash(topic)
    return Finding("live", answered, type(backend).__name__, "The cache did not keep a value for a moment; see CACHES.")


def _outbox() -> Finding:
    stands = outlook()
    waits = int(stands.waits_for.total_seconds())
    says = f"{stands.due} due, the oldest for {waits} s; {stands.held_by_the_dead} held by a worker that died"
    remedy = "Start manage.py qcluster, or let cron run manage.py shopchat_tick each minute; see the worker's log."
    return Finding("outbox", not stands.is_stuck, says, remedy)


def _failures() -> Finding:
    stands = outlook()
    says = f"{stands.failed} not sent, {stands.unconfirmed} perhaps sent"
    remedy = "Open Chat, Deliveries in the Wagtail admin; send them again or dismiss them."
    return Finding("deliveries", not stands.failed and not stands.unconfirmed, says, remedy)


def _telephony() -> Finding:
    remedies = {
        "cannot_unseal": "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS, or enter the credentials once more under "
        "Chat, Telephony in the Wagtail admin.",
        "former_key": "Save the account once under Chat, Telephony before the former key leaves SECRET_KEY_FALLBACKS.",
        "no_extra": 'Install what telephony needs: pip install "shopchat[telephony]".',
        "no_account": "The provider is not known. Choose another one under Chat, Telephony.",
        "set_up": "Complete the account under Chat, Telephony.",
    }
    found = troubled()
    if not found:
        return Finding("telephony", True, "every account in use can be read, or there is none")
    says = "; ".join(f"{account.inbox.name}: {reason}" for account, reason in found)
    reasons = dict.fromkeys(reason for _account, reason in found)
    remedy = " ".join(remedies[reason] for reason in reasons)
    return Finding("telephony", False, says, remedy, serious=set(reasons) != {"former_key"})


def _worker() -> Finding:
    beat_at = last_beat(PERIODIC)
    remedy = (
        "Start manage.py qcluster, or restart it if it runs: a worker that was killed can leave it hanging. "
        "Without django-q2 let cron run manage.py shopchat_tick each minute."
    )
    if beat_at is None:
        return Finding("worker", False, "the periodic work has never been done", remedy, serious=False)
    says = f"the periodic work was last done {int((timezone.now() - beat_at).total_seconds())} s ago"
    return Finding("worker", not is_silent(PERIODIC), says, remedy)


def _bus() -> Finding:
    carrier = bus()
    name = type(carrier).__name__
    if not carrier.carries:
        slow = connection.vendor != "sqlite"
        says = "streams look once a second" if slow else "streams notice a commit by themselves"
        faster = "; PostgresBus would tell them at once" if connection.vendor == "postgresql" else ""
        return Finding("bus", True, f"{name}: {says}{faster}")
    seconds = round_trip(carrier)
    if seconds is None:
        remedy = (
            "Look whether the server of the bus runs and takes connections. Until then streams notice things later."
        )
        return Finding("bus", False, f"{name}: a hint did not come back", remedy, serious=False)
    alone = " (right for one process only)" if isinstance(carrier, LocalBus) else ""
    return Finding("bus", True, f"{name}: a hint came back in {1000 * seconds:.0f} ms{alone}")
