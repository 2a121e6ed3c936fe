from django.db import models
from django.utils.translation import gettext_lazy as _

from shopchat.contacts.models import Contact


class Visitor(models.Model):
    """A browser without an account, known by the hash of the key in its cookie."""

    key_hash = models.CharField(_("key"), max_length=64, unique=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="visitors", verbose_name=_("contact"))
    confirmed_at = models.DateTimeField(
        _("confirmed"), null=True, blank=True, help_text=_("When the browser first sent its cookie back.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return str(self.pk)


class Revocation(models.Model):
    """From this moment on, live tickets that were given to ``holder`` before are dead. Kept until the last of them is."""

    holder = models.CharField(max_length=80)
    revoked_at = models.DateTimeField(_("revoked"), db_index=True)

    class Meta:
        verbose_name = _("revocation")
        verbose_name_plural = _("revocations")
        indexes = [models.Index(fields=["holder"], name="shopchat_revoked_holder")]

    def __str__(self) -> str:
        return str(self.pk)
