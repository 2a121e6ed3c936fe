from datetime import timedelta
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shopchat.operators.photos import photo_path, validate_photo
from shopchat.operators.querysets import OperatorQuerySet

PRESENT_FOR = timedelta(seconds=75)


class Operator(models.Model):
    """Somebody of the shop who answers customers, as customers see them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shopchat_operator", verbose_name=_("user")
    )
    public_name = models.CharField(_("public name"), max_length=80, help_text=_("The name that customers see."))
    role = models.CharField(
        _("role"), max_length=80, blank=True, help_text=_("A line below the name, for example “Boots and tents”.")
    )
    photo = models.ImageField(
        _("photo"),
        upload_to=photo_path,
        validators=[validate_photo],
        blank=True,
        help_text=_("Cut to a square. Customers see it beside your answers."),
    )
    greeting = models.CharField(
        _("greeting"),
        max_length=300,
        blank=True,
        help_text=_("Shown in the empty chat while you are here. Leave it empty for the shop's greeting."),
    )
    sends_with_ctrl_enter = models.BooleanField(
        _("send with Ctrl+Enter"), default=False, help_text=_("Off: Enter sends and Shift+Enter starts a new line.")
    )
    plays_sound = models.BooleanField(_("sound for new messages"), default=True)
    alerts_by_email = models.BooleanField(
        _("e-mail when a customer waits too long"),
        default=True,
        help_text=_("How long is set for each widget. The mail quotes nothing that the customer wrote."),
    )
    takes_calls = models.BooleanField(
        _("phone duty"), default=False, help_text=_("Calls customers who asked for it. Slots are offered accordingly.")
    )
    call_schedule = models.ForeignKey(
        "Schedule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("hours on the phone"),
        help_text=_("Empty: all hours in which the shop calls."),
    )
    phone = models.CharField(
        _("own phone"),
        max_length=32,
        blank=True,
        help_text=_("Number or extension that telephony rings first, for example +380441234567 or 101."),
    )
    seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)

    objects = OperatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("operator")
        verbose_name_plural = _("operators")
        ordering = ["public_name", "pk"]

    def __str__(self) -> str:
        return self.public_name

    def is_present(self) -> bool:
        """Whether the desk was open in one of their browsers a moment ago."""
        return self.seen_at is not None and self.seen_at > timezone.now() - PRESENT_FOR


class Schedule(models.Model):
    """Weekly working hours in one time zone."""

    name = models.CharField(_("name"), max_length=80)
    time_zone = models.CharField(_("time zone"), max_length=64, help_text=_("For example Europe/Kyiv."))

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": _("Choose a time zone by its name, for example Europe/Kyiv.")})


class WorkingInterval(models.Model):
    """One stretch in which somebody answers. It belongs to the weekday on which it opens.

    ``closes_at`` at or before ``opens_at`` lies on the next day: 22:00–06:00, 09:00–00:00; 00:00–00:00 is a whole day.
    """

    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="intervals", verbose_name=_("working hours")
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), help_text=_("0 is Monday."))
    opens_at = models.TimeField(_("opens at"))
    closes_at = models.TimeField(_("closes at"))

    class Meta:
        verbose_name = _("working interval")
        verbose_name_plural = _("working intervals")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="shopchat_interval_weekday"),
            models.CheckConstraint(
                condition=~models.Q(closes_at=models.F("opens_at")) | models.Q(opens_at="00:00"),
                name="shopchat_interval_has_a_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class ScheduleException(models.Model):
    """Days on which other hours hold than in the week: closed, or open at the times given here instead.

    Several rows of one day add up. An interval belongs to the day on which it opens, as in the week, and may last into
    the next day. A night of the week that began the day before ends at the midnight with which such a day begins.
    """

    schedule = models.ForeignKey(
        Schedule, on_delete=models.CASCADE, related_name="exceptions", verbose_name=_("working hours")
    )
    name = models.CharField(_("name"), max_length=80, blank=True, help_text=_("For example “New Year”."))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    opens_at = models.TimeField(_("opens at"), null=True, blank=True)
    closes_at = models.TimeField(_("closes at"), null=True, blank=True)

    class Meta:
        verbose_name = _("other hours")
        verbose_name_plural = _("other hours")
        ordering = ["first_day", "opens_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="shopchat_exception_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=models.Q(opens_at=None, closes_at=None)
                | models.Q(opens_at__isnull=False, closes_at__isnull=False),
                name="shopchat_exception_both_times_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.first_day}"
