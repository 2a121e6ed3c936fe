"""Entrances through which customers write: for now each site's widget, with its look and its texts.

Knows neither contacts nor conversations. Start with ``models``.
"""
