"""Fills the demo store: catalogue, pictures, people, orders, pages. Start with ``loading``."""
