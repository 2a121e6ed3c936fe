"""Categories, products, prices, stock and pictures, from the files in ``data/``."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from oscar.core.loading import get_model
from oscar.defaults import OSCAR_MISSING_IMAGE_URL
from PIL import Image

from example_site.demo import pictures

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductAttribute = get_model("catalogue", "ProductAttribute")
ProductClass = get_model("catalogue", "ProductClass")
ProductImage = get_model("catalogue", "ProductImage")
Partner = get_model("partner", "Partner")
StockRecord = get_model("partner", "StockRecord")

DATA = Path(__file__).parent / "data"


def load_catalogue() -> int:
    """Create what is missing and leave the rest as it is. Returns how many products were created."""
    present = set(Product.objects.exclude(upc=None).values_list("upc", flat=True))
    missing = [entry for entry in _read("products.json") if entry["upc"] not in present]
    if not missing:
        return 0

    categories = _categories()
    gear, partner = _product_class(), _partner()
    for turn, entry in enumerate(missing):
        product = _create_product(entry, gear, partner)
        product.categories.add(categories[entry["category"]])
        _add_picture(product, entry, turn)
    return len(missing)


def draw_missing_picture() -> None:
    """Oscar shows this file for products without a picture and expects it among the media."""
    path = Path(settings.MEDIA_ROOT) / OSCAR_MISSING_IMAGE_URL
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (pictures.SIZE, pictures.SIZE), (232, 232, 228)).save(path)


def _read(name: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return entries


def _categories() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in _read("categories.json"):
        root = Category.objects.filter(depth=1, slug=entry["slug"]).first()
        found[entry["key"]] = root or Category.add_root(name=entry["name"], slug=entry["slug"])
        for child in entry.get("children", []):
            parent = Category.objects.get(pk=found[entry["key"]].pk)
            branch = parent.get_children().filter(slug=child["slug"]).first()
            found[child["key"]] = branch or parent.add_child(name=child["name"], slug=child["slug"])
    return found


def _product_class() -> Any:
    gear, _ = ProductClass.objects.get_or_create(
        slug="outdoor-gear", defaults={"name": "Outdoor gear", "requires_shipping": True, "track_stock": True}
    )
    for code, name in (("size", "Size"), ("colour", "Colour")):
        ProductAttribute.objects.get_or_create(
            product_class=gear, code=code, defaults={"name": name, "type": ProductAttribute.TEXT}
        )
    return gear


def _partner() -> Any:
    partner, _ = Partner.objects.get_or_create(code="trail-and-co", defaults={"name": "Trail & Co."})
    return partner


def _create_product(entry: dict[str, Any], gear: Any, partner: Any) -> Any:
    variants = entry.get("variants", [])
    product = Product(
        upc=entry["upc"],
        title=entry["title"],
        description=_description(entry),
        product_class=gear,
        structure=Product.PARENT if variants else Product.STANDALONE,
        is_public=entry.get("public", True),
    )
    if "slug" in entry:  # Titles without Latin letters would leave the address empty.
        product.slug = entry["slug"]
    product.save()
    if not variants:
        _add_stock(product, partner, entry["price"], entry["stock"])
    for number, variant in reversed(list(enumerate(variants, start=1))):  # Oscar shows the newest first.
        _create_variant(product, partner, number, *variant)
    return product


def _create_variant(parent: Any, partner: Any, number: int, size: str, colour: str, stock: int, price: str) -> None:
    colour_name = pictures.COLOURS[colour][0] if colour else ""
    choice = ", ".join(filter(None, (size, colour_name)))
    child = Product(
        upc=f"{parent.upc}-{number}",
        title=f"{parent.title}: {choice}",
        slug=f"{parent.slug}-{number}",
        structure=Product.CHILD,
        parent=parent,
        is_public=True,
    )
    child.attr.size = size
    if colour_name:
        child.attr.colour = colour_name
    child.save()
    _add_stock(child, partner, price, stock)


def _add_stock(product: Any, partner: Any, price: str, stock: int) -> None:
    StockRecord.objects.create(
        product=product, partner=partner, partner_sku=product.upc, price=Decimal(price), num_in_stock=stock
    )


def _description(entry: dict[str, Any]) -> str:
    texts = ((language, entry.get(language)) for language in ("en", "ru", "uk"))
    return "".join(f'<p lang="{language}">{text}</p>' for language, text in texts if text)


def _add_picture(product: Any, entry: dict[str, Any], turn: int) -> None:
    shape = entry.get("picture", entry["category"])
    if not shape:
        return
    picture = ProductImage(product=product, caption=product.title[:200], display_order=0)
    drawn = ContentFile(pictures.draw(shape, entry["colour"], turn=turn))
    picture.original.save(f"{entry['upc'].lower()}.png", drawn, save=True)
