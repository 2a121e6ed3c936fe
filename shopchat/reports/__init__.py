"""Figures for those who run the shop: what was asked for, what was kept, where it goes wrong.

Reads what the packages below have stored and changes nothing. May not know the desk, requests or templates. Start with
``callbacks`` (the figures) and ``spans`` (the days they are about).
"""
