"""Breaks a running site on purpose and judges what became of every message.

``python -m tests.faults`` starts the real server, worker and database as processes, lets customers and operators write
over HTTP, kills, cuts, delays and repeats, and writes down what everybody was told (``journal``). ``judging`` knows that
record and nothing else. Start with ``driver``.
"""
