"""Baskets that were left: how each is told apart, helped, reminded of, restored, and what came of it.

May not know callbacks, the desk, the widget, or any shop by name: the store tells plain data. Start with ``models``, then
``observing`` (what the store tells), ``abandonment`` (from idle to left) and ``ordering`` (an order ends everything).
"""
