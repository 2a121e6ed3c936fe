"""A demo store that hosts the chat: Oscar at ``/``, Wagtail at ``/cms/``.

Start with ``settings`` and ``run``. Nothing in ``shopchat`` may import from here.
"""
