"""One URL, one thing, one module. ``page`` is what a visitor opens; the others are its parts."""
