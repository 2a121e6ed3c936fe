from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.inboxes.models import Inbox


class Contact(models.Model):
    """A person who wrote: signed in (``user``) or known only as whoever holds a browser's key."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shopchat_contact",
        verbose_name=_("user"),
    )
    basket_ref = models.CharField(_("basket"), max_length=200, blank=True, help_text=_("The store's reference."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last seen"), auto_now_add=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return self.name or str(_("Visitor"))

    @property
    def name(self) -> str:
        """The account's name, else empty. A visitor without an account has none: no form asks for it."""
        return str(self.user.get_full_name() or self.user.get_username().partition("@")[0]) if self.user else ""

    @property
    def email(self) -> str:
        """The account's e-mail address, else empty."""
        return str(getattr(self.user, "email", "")) if self.user else ""


class Identity(models.Model):
    """An address at which a contact may be reached, and how we know that it is theirs.

    ``value`` is normalised by :func:`shopchat.contacts.identities.normalise`. Nothing private goes to one without
    ``verified_at``, nothing at all to one with ``stopped_at``.
    """

    class Source(models.TextChoices):
        ACCOUNT = "account", _("account")
        TYPED = "typed", _("typed by the customer")

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="identities", verbose_name=_("contact"))
    channel = models.CharField(_("channel"), max_length=16)
    value = models.CharField(_("address"), max_length=254)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True, help_text=_("They want no more of this."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("address of a contact")
        verbose_name_plural = _("addresses of contacts")
        constraints = [models.UniqueConstraint(fields=["contact", "channel", "value"], name="shopchat_identity_once")]
        indexes = [models.Index(fields=["channel", "value"], name="shopchat_identity_value")]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"

    def may_be_written_to(self) -> bool:
        """Whether it is proven to be theirs and they have not asked us to stop."""
        return self.verified_at is not None and self.stopped_at is None


class ConsentText(models.Model):
    """The words to which people agree, as they stood in one version. Never changed: an edit is the next version."""

    class Purpose(models.TextChoices):
        CALLBACK = "callback", _("to be called back")
        REMINDERS = "reminders", _("to be reminded of a basket")

    inbox = models.ForeignKey(Inbox, on_delete=models.CASCADE, related_name="consent_texts", verbose_name=_("widget"))
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    language = models.CharField(_("language"), max_length=16)
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=2000)
    text_hash = models.CharField(max_length=64, help_text=_("SHA-256 of the text in UTF-8."))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        ordering = ["inbox", "purpose", "language", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["inbox", "purpose", "language", "version"], name="shopchat_consent_text_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} {self.version}"


class Consent(models.Model):
    """Somebody agreed to something: which words, when, where, and until when it holds."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents", verbose_name=_("contact"))
    identity = models.ForeignKey(
        Identity, on_delete=models.CASCADE, null=True, blank=True, related_name="consents", verbose_name=_("address")
    )
    purpose = models.CharField(_("purpose"), max_length=16, choices=ConsentText.Purpose)
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="+", verbose_name=_("text"))
    page = models.CharField(_("page"), max_length=300, blank=True)
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["contact", "purpose"], name="shopchat_consent_contact")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"
