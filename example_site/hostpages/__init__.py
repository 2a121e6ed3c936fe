"""Difficult host pages for the browser tests; only there with ``SHOPCHAT_TEST_PAGES=1``."""
