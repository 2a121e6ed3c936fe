"""Ways to make a phone ring: the operator's first, then the customer's.

Plain data in, plain data out; no models, no database. Start with ``base``.
"""
