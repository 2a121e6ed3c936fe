"""What is said: texts that are easy to spoil, each with a marker that is found nowhere else."""

import random
import re

MARKER = re.compile(r"\bMARK-[a-z]+\d*-\d+-[a-z0-9]+\b")
PAYLOADS = (
    "Is the tent waterproof?",
    "Two lines\nand a third\n\nafter an empty one",
    "<b>bold</b> & <script>alert(1)</script> &amp; \"quoted\" 'too'",
    "Палатка, спальник и коврик. Чи є знижка? 🏕️👩‍👩‍👧 e\u0301",
    "שלום, יש לכם אוהל? العربية",
    "see https://shop.example/tents/?a=1&b=2 or mail me@shop.example.",
    "spaces   inside\tand a tab",
    "a long one " + "that goes on and on " * 90,
)


def new_text(rng: random.Random, sender: str, number: int) -> str:
    """A text as the server stores it: with nothing around it that would be cleaned away."""
    return f"MARK-{sender}-{number}-{rng.getrandbits(32):07x} {rng.choice(PAYLOADS)}".strip()


def marker_of(text: str) -> str:
    """The marker in a text, empty when it has none."""
    found = MARKER.search(text)
    return found[0] if found else ""
