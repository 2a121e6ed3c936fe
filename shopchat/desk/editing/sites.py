"""For which site rules are made."""

from typing import Any

from django.utils.translation import gettext as _

from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox


def choose_site(form: Any, rules: str) -> None:
    """Offer the widgets without such ``rules``, a name of :class:`Inbox`; of a single one nobody is asked."""
    inbox = form.fields["inbox"]
    if form.instance.pk:
        inbox.disabled = True
        return
    if not Inbox.objects.exists():
        inbox_for("")  # as the first visit to the shop would
    inbox.queryset = Inbox.objects.filter(**{rules: None})
    free = list(inbox.queryset[:2])
    if len(free) == 1:
        form.initial["inbox"] = free[0].pk
    if not free:
        inbox.help_text = _("Every widget has its rules. Edit those, or make another widget first.")
