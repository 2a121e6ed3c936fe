"""Nothing lost, nothing twice, nothing out of order, with hints dropped, the edge killed and browsers cut, beside an id cursor.

``running`` is the benchmark, ``judging`` says what a run proved; ``writer`` and ``reader`` are processes of their own.
"""
