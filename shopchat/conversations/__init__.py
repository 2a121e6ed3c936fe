"""Conversations and their messages: starting, posting, taking, closing, reading, and what leaves the shop because of them.

Knows neither the desk nor the widget, and of channels only their names. Start with ``models``, then ``posting``;
``access`` is the only way from a person to their conversations. What leaves is a row first: ``delivery``, with ``kinds``
and ``claiming``.
"""
