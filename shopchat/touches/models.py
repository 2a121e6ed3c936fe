from datetime import time

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.contacts.models import Contact, Identity
from shopchat.conversations.models import Delivery
from shopchat.inboxes.models import Inbox
from shopchat.touches.querysets import TouchQuerySet


class TouchRules(models.Model):
    """How often and when people of one site may be approached, over all channels together. Without one: the defaults."""

    inbox = models.OneToOneField(Inbox, on_delete=models.CASCADE, related_name="touch_rules", verbose_name=_("widget"))
    per_day = models.PositiveSmallIntegerField(
        _("advertising messages in 24 hours"), default=1, help_text=_("For one person, at most. 0: none at all.")
    )
    per_week = models.PositiveSmallIntegerField(
        _("advertising messages in 7 days"), default=3, help_text=_("For one person, at most.")
    )
    quiet_from = models.TimeField(_("quiet from"), default=time(21), help_text=_("In the person’s own time zone."))
    quiet_until = models.TimeField(_("quiet until"), default=time(9))
    defer_hours = models.PositiveSmallIntegerField(
        _("put off for at most"),
        default=48,
        help_text=_("Hours. What cannot go out until then is dropped, with the reason."),
    )
    holdout_percent = models.PositiveSmallIntegerField(
        _("left alone for comparison"),
        default=10,
        validators=[MaxValueValidator(50)],
        help_text=_("Percent of people, always the same ones, who get nothing, so that the effect can be measured."),
    )

    class Meta:
        verbose_name = _("contact rules")
        verbose_name_plural = _("contact rules")
        ordering = ["inbox__hostname"]

    def __str__(self) -> str:
        return str(self.inbox)


class Touch(models.Model):
    """One proactive contact: planned, put off, made, or not made and why.

    ``purpose`` says what for and on which occasion, and is unique: planning it twice makes one row. ``about`` names the
    thing that it is about, so that all of one thing can be called off at once. ``person`` is the key of
    :func:`shopchat.touches.people.person_key`.
    """

    class Class(models.TextChoices):
        MARKETING = "marketing", _("advertising")
        HELP = "help", _("offer of help")
        SERVICE = "service", _("news that was asked for")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        HANDED = "handed", _("made")  # shown, or given to the outbox, which knows what became of it
        HELD_OUT = "held_out", _("left alone for comparison")
        DROPPED = "dropped", _("not made")
        CANCELLED = "cancelled", _("called off")

    purpose = models.CharField(max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=32)
    touch_class = models.CharField(_("class"), max_length=10, choices=Class)
    channel = models.CharField(_("channel"), max_length=16, help_text=_("onsite, or a channel of the outbox."))
    person = models.CharField(max_length=120)
    about = models.CharField(max_length=200, blank=True)
    rule = models.CharField(max_length=80, help_text=_("What the holdout is measured for."))
    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="+", verbose_name=_("widget"))
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="touches", verbose_name=_("contact")
    )
    identity = models.ForeignKey(Identity, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    delivery = models.OneToOneField(Delivery, on_delete=models.SET_NULL, null=True, blank=True, related_name="touch")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    details = models.JSONField(
        default=dict, blank=True, help_text=_("What the reason names: numbers and moments only.")
    )
    deferrals = models.PositiveSmallIntegerField(default=0)
    planned_for = models.DateTimeField(_("planned for"))
    due_at = models.DateTimeField(_("due"))
    created_at = models.DateTimeField(_("created"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    clicked_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    dismissed_at = models.DateTimeField(_("dismissed at"), null=True, blank=True)
    left_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the outbox first took it to send it. What has left is not called off.")
    )
    called_off_at = models.DateTimeField(
        null=True, blank=True, help_text=_("From then on it may not leave, also not for a second attempt.")
    )

    objects = TouchQuerySet.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        indexes = [
            models.Index(fields=["state", "due_at"], name="shopchat_touch_state"),
            models.Index(fields=["person", "settled_at"], name="shopchat_touch_person"),
            # Of ``about`` alone, which never changes: see ``planning.call_off``.
            models.Index(fields=["about"], name="shopchat_touch_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Suppression(models.Model):
    """An address that gets no proactive contact, known only by its keyed hash, so that it outlives an erasure."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        BOUNCED = "bounced", _("address does not exist")
        COMPLAINED = "complained", _("complained")
        BY_HAND = "by_hand", _("entered at the desk")

    channel = models.CharField(_("channel"), max_length=16)
    address_hash = models.CharField(max_length=64)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="shopchat_suppressed_once")]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"
