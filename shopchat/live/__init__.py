"""Telling browsers that something changed, without saying what.

A topic is a string. Moving a topic changes its stamp; a browser that holds an older stamp fetches the fragment it is
entitled to. This package knows no conversation, no operator and no database table. Start with ``stamps``.
"""
