"""Waking the processes that hold streams. One module for each way of doing it; start with ``base``."""
