"""People who wrote to the shop, with or without an account.

Knows neither browsers nor conversations. Start with ``models``.
"""
