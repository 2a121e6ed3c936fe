"""Signals for integrators. Inside shopchat functions call each other; nothing here listens to them.

All are sent after the transaction that made them true has been committed, with ``send_robust``: a receiver that raises
breaks nothing, its error is logged by Django.
"""

from django.dispatch import Signal

conversation_started = Signal()
"""A customer wrote for the first time. Arguments: ``conversation`` (:class:`~shopchat.conversations.models.Conversation`)."""

message_posted = Signal()
"""A message was stored. Arguments: ``message`` (:class:`~shopchat.conversations.models.Message`); notes are included:
look at ``message.is_private`` before you show it to a customer."""

conversation_closed = Signal()
"""An operator closed a conversation. Arguments: ``conversation``."""

callback_requested = Signal()
"""A customer asked to be called. Arguments: ``request`` (:class:`~shopchat.callbacks.models.CallbackRequest`)."""

callback_cancelled = Signal()
"""A request that waited was called off, by the customer or at the desk. Arguments: ``request``."""

callback_done = Signal()
"""Nobody has to call any more: somebody was reached, or called often enough. Arguments: ``request``
(:class:`~shopchat.callbacks.models.CallbackRequest`); its ``outcome`` says how it ended. Not sent for cancelled ones."""

cart_abandoned = Signal()
"""A basket was left: nobody has changed it for as long as the site's rules say. Arguments: ``watch``
(:class:`~shopchat.carts.models.BasketWatch`)."""

cart_recovered = Signal()
"""A basket that had been left was ordered, or its customer ordered something else. Arguments: ``watch``
(:class:`~shopchat.carts.models.BasketWatch`); its ``how`` says to whom the order is owed. Sent within minutes of the order."""
