"""Live customer service inside a Django and Wagtail shop.

One Django app that owns all tables; inside it one plain package for each word of the shop, importing downwards only (the
contract is in ``setup.cfg``). Start with ``conversations``, the heart of it, and read ``conf`` for what a shop can set.
"""
