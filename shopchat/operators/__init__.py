"""People who answer: how customers see them, whether they are here, and when the shop is open.

Knows nothing about conversations. Start with ``models``.
"""
