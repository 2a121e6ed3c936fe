"""The questions that Oscar's database is asked, with all that ``oscar_rows`` looks at."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.http import HttpRequest
from oscar.core.loading import get_class, get_model

from shopchat.stores.base import BasketRef, ProductRef
from shopchat.stores.oscar_rows import KEY, basket_ref


def newest_open(claims: Q) -> BasketRef | None:
    if not claims:
        return None
    # Baskets with an owner come first, only then that of a cookie.
    rows = get_model("basket", "Basket").objects.filter(claims, status="Open").only("date_created")
    newest = rows.order_by(F("owner_id").desc(nulls_last=True), "-date_created", "-pk").first()
    return basket_ref(newest) if newest else None


def open_and_frozen(open_pk: Any, frozen_pk: Any) -> list[BasketRef]:
    """Of these two baskets without an owner those that are still so, by one query."""
    is_either = Q(pk=open_pk, status="Open") | Q(pk=frozen_pk, status="Frozen")
    rows = get_model("basket", "Basket").objects.filter(is_either, owner=None).only("date_created")
    return [basket_ref(row) for row in sorted(rows, key=lambda row: bool(row.pk == frozen_pk))]


def basket_pks(refs: Iterable[BasketRef]) -> set[Any]:
    parts = [ref.split(":") for ref in refs]
    ours = [part[1] for part in parts if len(part) == 3 and part[0] == KEY]
    return {pk_of(get_model("basket", "Basket"), pk) for pk in ours} - {None}


def pk_of(model: Any, text: str | None) -> Any:
    """``text`` as a primary key of ``model``; ``None`` if it cannot be one."""
    try:
        return model._meta.pk.clean(text, None) if text else None
    except ValidationError:
        return None


def products(refs: Iterable[ProductRef], *, images: bool) -> dict[ProductRef, Any]:
    """Those that exist, published or not, ready to be priced. Asks for all of them at once."""
    pks = {ref: _product_pk(ref) for ref in refs}
    pictures = ("images", "parent__images") if images else ()
    rows = (
        get_model("catalogue", "Product")
        .objects.filter(pk__in=set(pks.values()) - {None})
        .select_related("product_class", "parent__product_class")
        .prefetch_related("stockrecords", *pictures)
        .in_bulk()
    )
    return {ref: rows[pk] for ref, pk in pks.items() if pk in rows}


def _product_pk(ref: ProductRef) -> Any:
    key, _, pk = ref.partition(":")
    return pk_of(get_model("catalogue", "Product"), pk) if key == KEY else None


def basket_lines(*, images: bool) -> Any:
    """Rows of basket lines with all that ``oscar_rows`` looks at."""
    # Only variants without a title of their own are named by their attributes.
    variant_values = (
        get_model("catalogue", "ProductAttributeValue")
        .objects.filter(product__structure="child", product__title="")
        .exclude(attribute__type__in=["richtext", "entity", "file", "image"])
        .select_related("attribute", "value_option")
        .prefetch_related("value_multi_option")
    )
    pictures = ("product__images", "product__parent__images") if images else ()
    return (
        get_model("basket", "Line")
        .objects.select_related("product__product_class", "product__parent__product_class", "stockrecord")
        .prefetch_related(
            "product__stockrecords",
            Prefetch("product__attribute_values", variant_values, to_attr="shopchat_variant"),
            Prefetch("attributes", get_model("basket", "LineAttribute").objects.select_related("option")),
            *pictures,
        )
    )


def strategy_for(request: HttpRequest | None, *, user: Any) -> Any:
    selector = get_class("partner.strategy", "Selector")()
    if request is None:
        return selector.strategy(user=user)
    return selector.strategy(request=request, user=getattr(request, "user", None))


def recommended(refs: Sequence[ProductRef], *, images: bool) -> Any:
    """What staff entered beside these products, or beside the parents of these variants; the highest ranking first."""
    product_model = get_model("catalogue", "Product")
    seeds = product_model.objects.filter(pk__in={_product_pk(ref) for ref in refs} - {None})
    given = Q(primary__in=seeds) | Q(primary__children__in=seeds)
    links = get_model("catalogue", "ProductRecommendation").objects.filter(given, recommendation=OuterRef("pk"))
    best = links.order_by("-ranking").values("ranking")[:1]
    rows = product_model.objects.browsable().exclude(pk__in=seeds).exclude(children__in=seeds)
    return _as_cards(rows.filter(Exists(links)).order_by(Subquery(best).desc(), "pk"), images=images)


def search(words: list[str], *, images: bool) -> Any:
    product_model = get_model("catalogue", "Product")
    variants = product_model.objects.public().filter(parent=OuterRef("pk"))
    rows = product_model.objects.browsable()
    for word in words:
        named = Q()
        for spelling in _spellings(word):
            named |= Q(title__icontains=spelling) | Q(upc__icontains=spelling)
        rows = rows.filter(named | Exists(variants.filter(named)))
    phrase = " ".join(words)
    rank = Case(
        When(upc__iexact=phrase, then=Value(0)),
        When(title__istartswith=phrase, then=Value(1)),
        default=Value(2),
    )
    return _as_cards(rows.order_by(rank, "title", "pk"), images=images)


def _as_cards(rows: Any, *, images: bool) -> Any:
    variants = get_model("catalogue", "Product").objects.public().prefetch_related("stockrecords")
    return (
        rows.select_related("product_class")
        .prefetch_related("stockrecords", *(["images"] if images else []))
        .prefetch_public_children(variants)
    )


def _spellings(word: str) -> set[str]:
    """SQLite folds the case of ASCII letters only; "палатка" would not find "Палатка" there."""
    if connection.vendor != "sqlite" or word.isascii():
        return {word}
    return {word, word.lower(), word.upper(), word.capitalize()}
