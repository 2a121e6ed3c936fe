from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.contacts.models import Contact, Identity
from shopchat.conversations.querysets import ConversationQuerySet, DeliveryQuerySet, MessageQuerySet
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator

TEXT_MAX_LENGTH = 4000
CLIENT_ID_MAX_LENGTH = 64


class Conversation(models.Model):
    """What one contact and the shop say to each other through one inbox.

    ``last_seq`` counts everything that happened in it; whoever increments it holds the row's lock until commit, so a
    reader who sees ``last_seq`` sees everything up to it. It is the only cursor.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    number = models.CharField(_("number"), max_length=8, unique=True, help_text=_("Eight random digits."))
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="conversations", verbose_name=_("widget"))
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="conversations", verbose_name=_("contact")
    )
    language = models.CharField(_("language"), max_length=16, blank=True)
    page = models.CharField(_("page"), max_length=500, blank=True, help_text=_("Where the customer last wrote from."))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    assignee = models.ForeignKey(
        Operator,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="conversations",
        verbose_name=_("assignee"),
    )
    last_seq = models.PositiveBigIntegerField(default=0)
    last_inbound_seq = models.PositiveBigIntegerField(default=0, help_text=_("The contact's last message."))
    delivered_seq = models.PositiveBigIntegerField(default=0, help_text=_("Up to here on an operator's screen."))
    operator_seen_seq = models.PositiveBigIntegerField(default=0, help_text=_("Up to here read by an operator."))
    contact_seen_seq = models.PositiveBigIntegerField(default=0, help_text=_("Up to here read by the contact."))
    waiting_since = models.DateTimeField(_("waiting since"), null=True, blank=True)
    last_message_at = models.DateTimeField(_("last message"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        permissions = [("answer_conversations", _("Can answer customers at the desk"))]
        indexes = [
            models.Index(fields=["contact", "inbox", "-last_message_at"], name="shopchat_conv_contact"),
            models.Index(fields=["state", "assignee", "-last_message_at", "-id"], name="shopchat_conv_assigned"),
            models.Index(fields=["state", "-last_message_at", "-id"], name="shopchat_conv_list"),
            models.Index(fields=["updated_at"], name="shopchat_conv_updated"),
            models.Index(fields=["state", "waiting_since"], name="shopchat_conv_waiting"),
        ]

    def __str__(self) -> str:
        return self.readable_number

    @property
    def readable_number(self) -> str:
        """The number as people read it to each other: ``4821-7730``."""
        return f"{self.number[:4]}-{self.number[4:]}"

    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    def is_waiting(self) -> bool:
        """Whether the contact has the last word."""
        return self.waiting_since is not None

    def is_unread(self) -> bool:
        """Whether the contact wrote something that no operator has read."""
        return self.waiting_since is not None and self.operator_seen_seq < self.last_inbound_seq


class Message(models.Model):
    """Something said in a conversation. Never changed, in this release never deleted but with its conversation."""

    class Kind(models.TextChoices):
        INBOUND = "inbound", _("from the customer")
        REPLY = "reply", _("reply")
        NOTE = "note", _("private note")
        SYSTEM = "system", _("event")

    class Author(models.TextChoices):
        VISITOR = "visitor", _("customer")
        OPERATOR = "operator", _("operator")
        SYSTEM = "system", _("system")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    author = models.CharField(_("author"), max_length=8, choices=Author)
    operator = models.ForeignKey(
        Operator, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("operator")
    )
    client_id = models.CharField(max_length=CLIENT_ID_MAX_LENGTH)
    text = models.TextField(_("text"), max_length=TEXT_MAX_LENGTH, blank=True)
    event = models.CharField(_("event"), max_length=16, blank=True, help_text=_("What happened, for system messages."))
    details = models.JSONField(default=dict, blank=True, help_text=_("What the words of an event are made from."))
    is_private = models.BooleanField(_("for operators only"), default=False)
    created_at = models.DateTimeField(_("created"))

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["conversation", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="shopchat_message_seq"),
            models.UniqueConstraint(fields=["conversation", "author", "client_id"], name="shopchat_message_once"),
            models.CheckConstraint(
                condition=~models.Q(kind="note") | models.Q(is_private=True), name="shopchat_notes_are_private"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.seq}"


class Receipt(models.Model):
    """One party's screen showed, or one party read, everything up to ``up_to``. Has its own place in the order."""

    class Reader(models.TextChoices):
        VISITOR = "visitor", _("customer")
        OPERATOR = "operator", _("operator")

    class State(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="receipts")
    seq = models.PositiveBigIntegerField()
    reader = models.CharField(max_length=8, choices=Reader)
    state = models.CharField(max_length=9, choices=State)
    up_to = models.PositiveBigIntegerField()
    operator = models.ForeignKey(Operator, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["conversation", "seq"], name="shopchat_receipt_seq")]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.seq}"


class Delivery(models.Model):
    """One thing that leaves the shop: a row of the outbox, written together with what causes it.

    ``purpose`` says what it is for and is unique: asking for the same thing twice makes one row. Whoever sends it holds it
    by ``attempt``, a fresh token, until ``lease_until``.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting to be sent")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("not sent")
        UNCONFIRMED = "unconfirmed", _("perhaps sent")
        DROPPED = "dropped", _("no longer needed")

    purpose = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=32)
    channel = models.CharField(_("channel"), max_length=16)
    lane = models.CharField(max_length=80, blank=True, help_text=_("Rows of one lane leave in the order of their ids."))
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries")
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, null=True, blank=True, related_name="deliveries")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    resends = models.PositiveSmallIntegerField(default=0, help_text=_("How often somebody had it sent again by hand."))
    due_at = models.DateTimeField()
    retry_until = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.CharField(max_length=32, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="shopchat_delivery_due"),
            models.Index(fields=["state", "lease_until"], name="shopchat_delivery_lease"),
            models.Index(fields=["lane", "state", "id"], name="shopchat_delivery_lane"),
            models.Index(fields=["channel", "provider_id"], name="shopchat_delivery_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Circuit(models.Model):
    """A channel that keeps failing is left alone until ``open_until``, so that it does not hold up the others."""

    channel = models.CharField(max_length=16, unique=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")

    def __str__(self) -> str:
        return self.channel
