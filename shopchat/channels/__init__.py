"""The ways out of the shop: mail, messengers. Plain data in, plain data out.

An adapter takes an :class:`~shopchat.channels.base.Outgoing`, answers with a :class:`~shopchat.channels.base.Sent` or
raises a :class:`~shopchat.channels.base.ChannelError`, and keeps nothing. It knows no table and no conversation; who is
written to, when and how often is decided above. Start with ``base``.
"""
