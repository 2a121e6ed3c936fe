"""Contrast of text on the shop's colour, as WCAG 2.2 (1.4.3) defines it."""

import re

MINIMUM = 4.5
CHOICES = ("#ffffff", "#17191c")


def readable_on(background: str) -> str | None:
    """White or near-black, whichever reads better on ``background`` (``#rrggbb``); ``None`` when neither reaches 4.5 to 1.

    A text that is not a colour gives white: the field's own validator reports it.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", background):
        return CHOICES[0]
    best = max(CHOICES, key=lambda choice: contrast(choice, background))
    return best if contrast(best, background) >= MINIMUM else None


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
