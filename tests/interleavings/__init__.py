"""Races that are forced: a second actor acts exactly where it hurts, on a connection of its own. See ``forcing``."""
