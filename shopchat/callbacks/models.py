from datetime import time

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.callbacks.querysets import CallbackRequestQuerySet
from shopchat.contacts.models import ConsentText, Contact
from shopchat.conversations.models import Conversation
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator, Schedule

ABOUT_MAX_LENGTH = 1000
NAME_MAX_LENGTH = 80


def default_retries() -> list[int]:
    """Minutes until the second and the third call; after the last of them the next day's first hour."""
    return [30, 120]


class CallbackRules(models.Model):
    """What one site promises to those who want to be called, and to whom it promises it. Without one: no callbacks."""

    inbox = models.OneToOneField(
        Inbox, on_delete=models.CASCADE, related_name="callback_rules", verbose_name=_("widget")
    )
    is_active = models.BooleanField(_("callbacks are offered"), default=True)
    schedule = models.ForeignKey(
        Schedule,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("hours of calls"),
        help_text=_("Calls are promised within these hours only."),
    )
    slot_minutes = models.PositiveSmallIntegerField(
        _("length of a slot"), default=30, choices=[(15, "15"), (20, "20"), (30, "30"), (60, "60"), (120, "120")]
    )
    lead_minutes = models.PositiveSmallIntegerField(
        _("notice"), default=15, help_text=_("Minutes from now until the first slot that is offered.")
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("days ahead"), default=7, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    calls_per_operator = models.PositiveSmallIntegerField(
        _("calls in a slot"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("How many calls one operator on phone duty can make in one slot."),
    )
    asap_minutes = models.PositiveSmallIntegerField(
        _("as soon as possible means within"),
        default=15,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text=_("Minutes. Offered only while an operator on phone duty is at the desk."),
    )
    default_region = models.CharField(
        _("country of numbers without a country code"), max_length=2, default="UA", help_text=_("For example UA.")
    )
    countries = models.JSONField(
        _("countries that are called"),
        default=list,
        blank=True,
        help_text=_("Two-letter codes. Empty: the above only."),
    )
    max_repeats = models.PositiveSmallIntegerField(
        _("call again"),
        default=3,
        validators=[MaxValueValidator(10)],
        help_text=_("How often at most, when nobody answers. 0: never."),
    )
    retry_minutes = models.JSONField(_("minutes until the next attempts"), default=default_retries, blank=True)
    day_starts_at = models.TimeField(_("the customer's day begins at"), default=time(9))
    day_ends_at = models.TimeField(_("the customer's day ends at"), default=time(20))
    tells_unreached = models.BooleanField(
        _("tell customers who were not reached"),
        default=True,
        help_text=_("In the chat, and by e-mail where their address is verified."),
    )
    alert_before_minutes = models.PositiveSmallIntegerField(
        _("alert before a promise is missed"), default=5, help_text=_("Minutes.")
    )
    retention_days = models.PositiveSmallIntegerField(
        _("keep finished requests for"),
        default=180,
        help_text=_("Days, after which number, name and words are erased. 0: for ever."),
    )

    class Meta:
        verbose_name = _("callback rules")
        verbose_name_plural = _("callback rules")
        ordering = ["inbox__hostname"]

    def __str__(self) -> str:
        return str(self.inbox)


class CallbackRequest(models.Model):
    """Somebody wants to be called.

    While it waits, ``open_phone`` holds the number, so that a number waits once. A promised slot is held by the pair
    ``slot_at`` and ``seat``, of which there is one for each call that can be made then.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    class Subject(models.TextChoices):
        PRODUCT = "product", _("product")
        BASKET = "basket", _("basket")
        ORDER = "order", _("order")

    number = models.CharField(_("number"), max_length=12, unique=True, help_text=_("Digits that people can read out."))
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="callbacks", verbose_name=_("widget"))
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="callbacks", verbose_name=_("contact"))
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="callbacks", verbose_name=_("conversation")
    )
    client_id = models.CharField(max_length=64, unique=True, help_text=_("Of the form: sent twice it is one request."))

    phone = models.CharField(_("phone"), max_length=16, blank=True, help_text=_("In E.164; empty once it is erased."))
    phone_tail = models.CharField(max_length=4, blank=True, db_index=True)
    # Null and not empty: of nulls there may be many under the constraint below.
    open_phone = models.CharField(max_length=16, null=True, blank=True, editable=False)  # noqa: DJ001
    name = models.CharField(_("name"), max_length=NAME_MAX_LENGTH, blank=True)
    about = models.TextField(_("what about"), max_length=ABOUT_MAX_LENGTH, blank=True)
    subject = models.CharField(_("subject"), max_length=8, choices=Subject, blank=True)
    subject_ref = models.CharField(max_length=200, blank=True, help_text=_("The store's reference."))
    subject_label = models.CharField(max_length=200, blank=True)
    page = models.CharField(_("page"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    time_zone = models.CharField(_("the customer's time zone"), max_length=64, blank=True)

    is_asap = models.BooleanField(_("as soon as possible"), default=False)
    due_at = models.DateTimeField(_("to be called from"), help_text=_("Moves when an attempt has to be repeated."))
    promised_until = models.DateTimeField(_("promised until"))
    first_promised_until = models.DateTimeField(_("first promised until"))
    slot_at = models.DateTimeField(null=True, blank=True)
    slot_until = models.DateTimeField(null=True, blank=True)
    seat = models.PositiveSmallIntegerField(null=True, blank=True)

    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    assignee = models.ForeignKey(
        Operator, on_delete=models.SET_NULL, null=True, blank=True, related_name="callbacks", verbose_name=_("assignee")
    )
    attempts_made = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_attempt_at = models.DateTimeField(_("first called at"), null=True, blank=True)
    reached_at = models.DateTimeField(_("reached at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True, help_text=_("Of the last attempt."))
    result = models.CharField(_("result"), max_length=16, blank=True)
    missed_at = models.DateTimeField(_("promise missed at"), null=True, blank=True)
    misses = models.PositiveSmallIntegerField(_("missed promises"), default=0)

    consent_text = models.ForeignKey(
        ConsentText, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("consent")
    )
    consent_version = models.PositiveIntegerField(_("version of the consent"), default=0)
    consent_hash = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 of the text that was agreed to."))
    consented_at = models.DateTimeField(_("consented at"), null=True, blank=True)
    consent_page = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    objects = CallbackRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("callback request")
        verbose_name_plural = _("callback requests")
        permissions = [
            ("see_phone_numbers", _("Can see whole phone numbers")),
            ("supervise_callbacks", _("Is told of missed callbacks")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["inbox", "open_phone"], name="shopchat_callback_once"),
            models.UniqueConstraint(fields=["slot_at", "seat"], name="shopchat_callback_seat"),
            models.CheckConstraint(
                condition=models.Q(slot_at=None, seat=None) | models.Q(slot_at__isnull=False, seat__isnull=False),
                name="shopchat_callback_seat_of_slot",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="shopchat_callback_due"),
            models.Index(fields=["state", "promised_until", "id", "due_at"], name="shopchat_callback_promise"),
            models.Index(fields=["state", "assignee", "due_at"], name="shopchat_callback_assigned"),
            models.Index(fields=["-closed_at", "-id"], name="shopchat_callback_closed"),
            models.Index(fields=["phone"], name="shopchat_callback_phone"),
            models.Index(fields=["contact", "-created_at"], name="shopchat_callback_contact"),
            models.Index(fields=["created_at", "id"], name="shopchat_callback_created"),
            models.Index(fields=["subject_ref"], name="shopchat_callback_subject"),
            models.Index(fields=["erased_at", "closed_at"], name="shopchat_callback_kept"),
        ]

    def __str__(self) -> str:
        return self.readable_number

    @property
    def readable_number(self) -> str:
        """As people read it to each other: ``C-4821``."""
        return f"C-{self.number}"

    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class CallAttempt(models.Model):
    """One try to reach the customer: when, who, how, and how it ended."""

    class Outcome(models.TextChoices):
        TALKED = "talked", _("talked")
        NO_ANSWER = "no_answer", _("no answer")
        BUSY = "busy", _("busy")
        WRONG_NUMBER = "wrong_number", _("wrong number")
        CALL_LATER = "call_later", _("asked to call later")
        REFUSED = "refused", _("does not want to be called")
        FAILED = "failed", _("the call could not be made")

    class Progress(models.TextChoices):
        """Where a call that a telephony provider makes is. They only go up."""

        BY_HAND = "by_hand", _("by hand")
        REQUESTED = "requested", _("asked for")
        RINGING = "ringing", _("ringing")
        ANSWERED = "answered", _("answered")
        ENDED = "ended", _("ended")
        FAILED = "failed", _("failed")
        UNCONFIRMED = "unconfirmed", _("perhaps made")

    request = models.ForeignKey(CallbackRequest, on_delete=models.CASCADE, related_name="attempts")
    operator = models.ForeignKey(Operator, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    client_id = models.CharField(max_length=64, unique=True)
    backend = models.CharField(max_length=16, default="tel")
    provider_id = models.CharField(max_length=255, blank=True)
    progress = models.CharField(max_length=12, choices=Progress, default=Progress.BY_HAND)
    provider_seq = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=32, blank=True, help_text=_("Short word for how the provider's part ended."))
    started_at = models.DateTimeField(_("started at"))
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    duration_seconds = models.PositiveIntegerField(_("duration"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    result = models.CharField(_("result"), max_length=16, blank=True)
    note = models.TextField(_("note"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("call attempt")
        verbose_name_plural = _("call attempts")
        ordering = ["request", "started_at", "pk"]
        indexes = [
            models.Index(fields=["backend", "provider_id"], name="shopchat_attempt_provider"),
            models.Index(fields=["started_at"], name="shopchat_attempt_started"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}/{self.pk}"


class TelephonyAccount(models.Model):
    """How one site's calls are made. ``credentials`` are sealed by :mod:`shopchat.core.sealing`."""

    inbox = models.OneToOneField(Inbox, on_delete=models.CASCADE, related_name="telephony", verbose_name=_("widget"))
    backend = models.CharField(_("provider"), max_length=16, default="tel")
    credentials = models.TextField(blank=True, editable=False)
    caller_id = models.CharField(
        _("number that customers see"), max_length=16, blank=True, help_text=_("In international form: +380441234567.")
    )
    secret = models.CharField(max_length=64, unique=True, editable=False, help_text=_("Part of the webhook's address."))
    calls_per_day = models.PositiveIntegerField(
        _("calls a day at most"), default=200, help_text=_("Protects from a stolen log-in running up a bill.")
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("telephony account")
        verbose_name_plural = _("telephony accounts")
        ordering = ["inbox__hostname"]

    def __str__(self) -> str:
        return f"{self.inbox}: {self.backend}"
