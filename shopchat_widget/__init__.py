"""The storefront's half: a launcher on the shop's pages and the chat in a frame. No models.

Knows ``shopchat`` and no shop. Start with ``urls``, then ``views.page``; ``answers`` is what every view has in common.
"""
