"""The one ledger of proactive contacts: who was, will be or was not written to, shown or called about what, and why.

Knows people, conversations and the outbox; may not know carts, callbacks or campaigns, which plan their touches here. Start
with ``models``, then ``planning`` (asking for a touch), ``deciding`` (may it go out now?) and ``handing`` (the periodic run).
"""
