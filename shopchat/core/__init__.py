"""Plumbing that knows no word of the shop: back ends, tokens, rate limits, money."""
