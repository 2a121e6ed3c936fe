"""The store's own Wagtail pages, in three languages."""
