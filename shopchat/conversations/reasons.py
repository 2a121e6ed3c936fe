"""Why a delivery is where it is, in words."""

from django.utils.translation import gettext_lazy as _

from shopchat.conversations.kinds import Words, kind_of
from shopchat.conversations.models import Delivery

# Codes of the outbox itself and of the channels; a kind has its own beside them.
REASONS = {
    "bad_address": _("The address does not exist or takes no messages."),
    "mailbox_busy": _("The mailbox does not take messages at the moment."),
    "refused": _("The provider refused the message."),
    "busy": _("The provider asked to be left alone for now."),
    "no_connection": _("The provider could not be reached."),
    "no_login": _("The provider did not accept our name and password."),
    "no_answer": _("The provider did not say whether it took the message."),
    "worker_lost": _("The worker was stopped while it was sending the message."),
    "broken": _("An error in the shop; its log says more."),
    "unknown_kind": _("The part of the shop that made this is no longer installed."),
}


def why(delivery: Delivery) -> Words:
    """The reason as a sentence, empty where there is none."""
    kind = kind_of(delivery.kind)
    own = kind.reasons if kind else {}
    return own.get(delivery.reason) or REASONS.get(delivery.reason, delivery.reason)


def what(delivery: Delivery) -> Words:
    """What it is, in a few words."""
    kind = kind_of(delivery.kind)
    return kind.label if kind else delivery.kind
