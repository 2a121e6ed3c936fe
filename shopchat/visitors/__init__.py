"""Browsers, and how a browser proves whose conversation it may see.

Knows no conversation. Start with ``recognition``.
"""
