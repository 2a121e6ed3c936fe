"""Bugs put in on purpose, to show that the judge catches each by the right rule. Loaded by the driver's site alone."""
