"""Lines of a basket, kept so that they can be put into one again when the basket is gone."""

from shopchat.stores.base import BasketView
from shopchat.stores.lines import SnapshotLine


def snapshot(view: BasketView) -> list[SnapshotLine]:
    """The lines of ``view`` at the prices of now; without pictures and without the person."""
    return [
        SnapshotLine(
            product=line.product,
            title=line.title,
            quantity=line.quantity,
            options=line.options,
            unit_price=line.unit_price,
            url=line.url,
        )
        for line in view.lines
    ]
