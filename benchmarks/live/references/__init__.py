"""Other ways to do the same, each as small as it can be. Every one answers ``GET /stream/?topic=N`` and ``POST /publish/``.

All of them send events of the same form and length as shopchat's.
"""
