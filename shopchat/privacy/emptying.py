"""Taking the person out of callback requests and baskets. What remains are figures: when, how often, how it ended."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Value
from django.db.models.functions import Cast, Coalesce, Concat

from shopchat.callbacks.models import CallAttempt, CallbackRequest
from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.carts.comparing import keep
from shopchat.carts.models import BasketTransition, BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.touches.models import Touch

# What says who asked, under which number, from where and about what.
EMPTIED: dict[str, str | None] = {
    "phone": "",
    "phone_tail": "",
    "open_phone": None,
    "name": "",
    "about": "",
    "subject_ref": "",
    "subject_label": "",
    "page": "",
    "time_zone": "",
    "consent_page": "",
}
# What leads to somebody: through the shop's tables, an address, or by what they chose and where they came from.
EMPTIED_BASKET: dict[str, Any] = {
    "contact": None,
    "user_id_text": "",
    "email_hash": "",
    "source": "",
    "lines": [],
    "merged_into": "",
    "order_number": "",
    "look_at": None,
    "help_wanted_at": None,
}


def empty(requests: CallbackRequestQuerySet, *, at: datetime) -> int:
    """Empty these requests and the words of their attempts. Returns how many. Call it in a transaction."""
    chosen = list(requests.values_list("pk", flat=True))
    CallAttempt.objects.filter(request__in=chosen).update(note="", provider_id="")
    return CallbackRequest.objects.filter(pk__in=chosen).update(**EMPTIED, erased_at=at)


def empty_baskets(watches: BasketWatchQuerySet, *, at: datetime) -> int:
    """Empty these baskets and what hangs on them. Returns how many. Call it in a transaction.

    Links answer that they are over, touches that were still to come are never made. A voucher keeps its code, a random
    one: by it the shop takes back what nobody used.
    """
    # The baskets before what hangs on them, as an order and a reminder hold them.
    keys = list(watches.values_list("pk", flat=True))
    held = BasketWatch.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    chosen = list(held.values_list("pk", "state", "ref"))
    states = {pk: state for pk, state, _ref in chosen}
    emptied = BasketWatch.objects.filter(pk__in=states)
    keep(emptied)
    Touch.objects.filter(about__in=[ref for _pk, _state, ref in chosen]).delete()
    links = RecoveryLink.objects.filter(watch__in=states)
    links.update(lines=[], restored_into="", revoked_at=Coalesce("revoked_at", Value(at)))
    IssuedVoucher.objects.filter(watch__in=states).update(person="")
    BasketTransition.objects.filter(watch__in=states).delete()
    nobodys = Concat(Value("erased:"), Cast("pk", CharField(max_length=32)))
    emptied.update(**EMPTIED_BASKET, ref=nobodys, state=BasketWatch.State.ERASED, state_at=at, erased_at=at)
    steps = emptied.values_list("pk", "episode")
    BasketTransition.objects.bulk_create(
        BasketTransition(watch_id=pk, episode=episode, from_state=states[pk], to_state=BasketWatch.State.ERASED, at=at)
        for pk, episode in steps
    )
    return len(states)
