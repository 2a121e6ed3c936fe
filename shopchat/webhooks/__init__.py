"""Services that call us: the address of each account, a signature over exactly what was sent, a quick answer.

May not know the desk or the widget. Nothing of what they send reaches a log or an error report. Start with ``calls``.
"""
