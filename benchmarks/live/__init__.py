"""Streams at 1,000 to 10,000 at once: delivery, memory, fan-out, idle cost, the whole way over the database, a storm.

``running`` is the benchmark, ``client`` the process that holds the streams, ``references`` what shopchat is compared with.
"""
