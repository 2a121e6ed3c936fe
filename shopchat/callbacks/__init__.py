"""Callback requests: who is to be called, about what, by when, and what came of it.

May not know the desk, the widget, or any provider of telephony by name. Start with ``models``, then ``requesting`` (how a
request comes in), ``slots`` (what the shop can promise) and ``working`` (what operators do with it).
"""
