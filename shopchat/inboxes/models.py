from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.core.languages import listed
from shopchat.inboxes.colours import readable_on
from shopchat.operators.models import Schedule


class Inbox(models.Model):
    """One entrance: the widget of a site, as its visitors see it."""

    class Side(models.TextChoices):
        END = "end", _("right")
        START = "start", _("left")

    class Launcher(models.TextChoices):
        PILL = "pill", _("button with text")
        CIRCLE = "circle", _("round button")

    TEXTS = ("title", "launcher", "welcome", "away", "shop", "delivery")

    name = models.CharField(_("name"), max_length=80, help_text=_("For the desk only."))
    hostname = models.CharField(
        _("host name"),
        max_length=253,
        blank=True,
        unique=True,
        help_text=_(
            "The site this widget belongs to, for example shop.example.com. Empty: every site without its own."
        ),
    )
    schedule = models.ForeignKey(
        Schedule,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("working hours"),
        help_text=_("Customers who write at other times are told when somebody will answer."),
    )
    accent = models.CharField(
        _("colour"),
        max_length=7,
        default="#0b6e4f",
        validators=[
            RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six digits, for example #0b6e4f."))
        ],
    )
    side = models.CharField(_("side"), max_length=5, choices=Side, default=Side.END)
    launcher = models.CharField(_("launcher"), max_length=6, choices=Launcher, default=Launcher.PILL)
    is_active = models.BooleanField(_("shown on the site"), default=True)
    alert_after_minutes = models.PositiveSmallIntegerField(
        _("alert operators after"),
        default=5,
        help_text=_("Minutes that a customer waits before operators get an e-mail. 0: never."),
    )
    answer_mail_after_minutes = models.PositiveSmallIntegerField(
        _("mail answers after"),
        default=5,
        help_text=_(
            "Minutes that an answer stays unread before a customer who left gets an e-mail, if their address is "
            "verified. 0: never."
        ),
    )
    texts = models.JSONField(_("texts"), default=dict, blank=True)

    class Meta:
        verbose_name = _("widget")
        verbose_name_plural = _("widgets")
        ordering = ["hostname"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if readable_on(self.accent) is None:
            raise ValidationError(
                {
                    "accent": _(
                        "Neither white nor dark text can be read on this colour. Choose a darker or a lighter one."
                    )
                }
            )

    @property
    def on_accent(self) -> str:
        """The text colour, as ``#rrggbb``, that reads on the accent with a contrast of at least 4.5 to 1."""
        return readable_on(self.accent) or "#ffffff"

    def text(self, key: str, language: str) -> str:
        """What the staff wrote for ``key`` (one of ``TEXTS``) in this language, or an empty text."""
        texts: dict[str, Any] = self.texts.get(listed(language), {})
        return str(texts.get(key, ""))
