"""Operators' photos: checked by decoding, kept as small squares without metadata."""

import io
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIDE = 256


def photo_path(instance: object, filename: str) -> str:
    """A name that cannot be guessed; the uploaded name is dropped, it often holds a person's name."""
    return f"shopchat/operators/{secrets.token_urlsafe(16)}.jpg"


def validate_photo(file: Any) -> None:
    """Raises ``ValidationError`` unless the file is a JPEG, PNG or WebP of sensible size that decodes."""
    if getattr(file, "_committed", False):  # stored before, and checked then; the file may even be gone by now
        return
    if file.size > MAX_BYTES:
        raise ValidationError(_("Choose a picture of at most 5 MB."))
    file.seek(0)
    try:
        with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as image:
            too_large = image.width * image.height > MAX_PIXELS
            if not too_large:
                image.load()
    except Exception as error:  # Pillow raises many kinds for broken files
        raise ValidationError(_("Choose a picture in JPEG, PNG or WebP format.")) from error
    finally:
        file.seek(0)
    if too_large:
        raise ValidationError(_("Choose a picture of at most 40 megapixels."))


def squared(file: Any) -> ContentFile:
    """The picture as a square JPEG of 256 pixels, upright and without metadata. ``file`` must have passed the check."""
    file.seek(0)
    with Image.open(file, formats=("JPEG", "PNG", "WEBP")) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        square = ImageOps.fit(upright, (SIDE, SIDE))
        square.info.clear()
        buffer = io.BytesIO()
        square.save(buffer, "JPEG", quality=85)
    return ContentFile(buffer.getvalue(), name="photo.jpg")
