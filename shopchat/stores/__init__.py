"""The shop behind the chat, seen through adapters: baskets, orders and products as plain data.

An adapter hands out frozen dataclasses, never a model of the shop, and writes nothing. This package
knows no conversation, no contact and no table of ours. Start with ``base`` for what an adapter must
answer; everybody else reads through ``reading``, which survives a shop that fails.
"""
