"""From a mug in a trolley to a purchase; says what became of it as JSON."""

import json
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from shopchat.stores.lines import RestoreMode
from shopchat.stores.salesman import SalesmanStore
from shopchat.stores.salesman_products import request_of
from shopchat.stores.salesman_rows import basket_ref
from shopchat.stores.snapshots import snapshot
from tests.salesman_shop.swapped.models import Mug, Purchase, Trolley
from tests.stores.contract_abilities import Listener

call_command("migrate", run_syncdb=True, verbosity=0)
store, events = SalesmanStore(CURRENCY="EUR", BASKET_URL="/basket/"), Listener()
store.connect(events)
begun = timezone.now() - timedelta(hours=1)

trolley = Trolley.objects.create()
trolley.add(Mug.objects.create(name="Mug", code="m"), 2)
ref = basket_ref(trolley)
idle = store.find_idle(since=begun, until=timezone.now())
lines = snapshot(store.baskets([ref])[ref])
restored = store.restore(request_of(None), lines, mode=RestoreMode.ADD)
Purchase.objects.create_from_basket(trolley, request_of(None), status="HOLD")

print(
    json.dumps(
        {
            "problems": [message.id for message in store.check()],
            "idle": [found.ref == ref for found in idle],
            "restored": [line.present for line in restored.lines],
            "order": [f"{line.quantity} {line.title}" for line in store.orders_for([ref])[ref].lines],
            "state": store.baskets([ref])[ref].state.value,
            "placed": [placed.basket == ref for placed in events.of("placed")],
            "touched": len({said[0] for said in events.of("touched")}),
        }
    )
)
