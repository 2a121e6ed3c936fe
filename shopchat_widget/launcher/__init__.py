"""The launcher: the one script that a page of the shop loads. ``launcher.js`` and ``launcher.css`` are its source."""
