"""The operators' desk inside the Wagtail admin: the only package here that imports Wagtail.

Start with ``urls``, then ``views``; ``editing`` holds what shop staff change: operators, working hours, widgets.
"""
