"""No service at all: the operator's own phone dials. The desk shows the number as a link."""

from typing import NoReturn

from django.utils.translation import gettext_lazy as _

from shopchat.telephony.base import Call, CallError, Telephony


class Tel(Telephony):
    name = "tel"
    label = _("Operators dial by themselves")
    makes_calls = False

    def start(self, call: Call) -> NoReturn:
        raise CallError("by_hand", permanent=True)
