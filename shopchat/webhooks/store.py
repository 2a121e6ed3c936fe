"""What a shop that runs elsewhere tells of its baskets and orders.

Order matters: size, signature over what was received, and only then what it says.
"""

import logging
from datetime import UTC, datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from shopchat.carts.models import BasketWatch
from shopchat.stores.abilities import IsCalled, NotSigned
from shopchat.stores.base import BasketRef
from shopchat.stores.reading import able
from shopchat.webhooks.calls import answer, body_of

logger = logging.getLogger(__name__)

MAX_BYTES = 524_288
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@csrf_exempt
@never_cache
@transaction.non_atomic_requests
@sensitive_post_parameters()
@sensitive_variables()
def store(request: HttpRequest) -> HttpResponse:
    """POST one event of the configured store."""
    shop = able(IsCalled)
    if shop is None:
        return answer(404)
    if request.method != "POST":
        return answer(405)
    body = body_of(request, MAX_BYTES)
    if body is None:
        return answer(413)
    try:
        shop.receive(request.headers, body, known_until=known_until)
    except NotSigned:
        logger.warning("An event of the store was not signed by it")
        return answer(403)
    except Exception as error:
        # Left to Django it would be reported together with what was sent. The store sends it once more.
        logger.error("An event of the store failed (%s)", type(error).__name__)  # noqa: TRY400
        return answer(500)
    return answer(200)


def known_until(ref: BasketRef) -> datetime | None:
    """Up to when it is known what became of a basket. Of one that was ordered nothing is news any more."""
    watch = BasketWatch.objects.select_for_update().filter(ref=ref).only("state", "last_activity").first()
    if watch is None:
        return None
    return FOR_EVER if watch.state == BasketWatch.State.ORDERED else watch.last_activity
