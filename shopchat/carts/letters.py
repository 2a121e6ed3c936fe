"""What a reminder says: what is in the basket, what it costs today, how to get back to it, and why they get this mail.

In the language of the customer's last action, on the site where that was. No pictures, nothing that tells of its reading.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format, number_format

from shopchat.carts import recovering, vouchers
from shopchat.carts.basis import CONSENT
from shopchat.carts.contents import Contents, contents_now
from shopchat.carts.models import BasketWatch, CartStep, IssuedVoucher, RecoveryLink
from shopchat.carts.rules import rules_of
from shopchat.carts.wording import BadText, fill
from shopchat.channels.base import Outgoing
from shopchat.contacts.confirming import stop_token
from shopchat.contacts.models import Identity
from shopchat.conversations.letters import letter
from shopchat.core.languages import listed
from shopchat.core.money import format_money
from shopchat.inboxes.links import link, shop_name
from shopchat.stores.base import LineView
from shopchat.stores.reading import safely
from shopchat.touches.models import Touch

LETTER = "cart_reminder"
# Said in the link to stop, whose page then speaks of reminders alone.
ABOUT = "reminders"


@dataclass(frozen=True)
class Line:
    """One line as the mail shows it; ``price`` of all its pieces, empty where it cannot be told."""

    title: str
    quantity: int
    price: str


def reminder(watch: BasketWatch, step: CartStep | None, touch: Touch, identity: Identity) -> Outgoing:
    """The mail of this step."""
    language = listed(watch.language or str(settings.LANGUAGE_CODE))
    stop = link(watch.inbox, "stop", stop_token(identity), lang=language, about=ABOUT)
    with translation.override(language):
        contents = contents_now(watch)
        voucher = _voucher(watch, step, touch, contents, identity)
        context = _context(watch, contents, voucher, language)
        words = _own_words(step, language, context)
    token = recovering.make_link(watch, purpose=RecoveryLink.Purpose.MAIL, touch=touch)
    context |= {
        **words,
        "link": recovering.url_of(watch.inbox, token, language),
        "chat": link(watch.inbox, "page", lang=language),
        "stop": stop,
        "is_customer": touch.details.get("basis") != CONSENT,
    }
    written = letter(LETTER, language=language, context=context)
    return Outgoing(
        to=identity.value,
        subject=written.subject,
        text=written.text,
        html=written.html,
        language=language,
        # RFC 8058: mail programs show a button of their own, which posts to the address.
        headers={"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        key="",
    )


def _voucher(
    watch: BasketWatch, step: CartStep | None, touch: Touch, contents: Contents, identity: Identity
) -> IssuedVoucher | None:
    """A shop that cannot make one loses no reminder by it; the ledger says which it was."""
    if step is None or not step.with_voucher:
        return None
    now = timezone.now()
    email = identity.value if identity.verified_at else ""
    known = watch.vouchers.order_by("-pk").first()
    voucher = safely(
        lambda: vouchers.issue_for(watch, rules_of(watch.inbox), now, worth=contents.worth, email=email),
        empty=None,
        what="Issuing a voucher",
    )
    said = "given" if voucher else _why_none(known, now)
    Touch.objects.filter(pk=touch.pk).update(details={**touch.details, "voucher": said})
    return voucher


def _why_none(known: IssuedVoucher | None, now: datetime) -> str:
    """``used``, ``expired`` or ``gone`` for the one that the basket had, else ``none``."""
    if known is None:
        return "none"
    return safely(lambda: vouchers.why_unusable(known, now), empty="", what="Asking for a voucher") or "none"


def _context(watch: BasketWatch, contents: Contents, voucher: IssuedVoucher | None, language: str) -> dict[str, Any]:
    return {
        "shop": shop_name(watch.inbox, language),
        "lines": [_line(line, watch) for line in contents.lines],
        "title": contents.lines[0].title if contents.lines else "",
        "count": contents.quantity,
        "is_less": contents.is_less,
        "total": format_money(contents.worth) if contents.worth else "",
        "code": voucher.code if voucher else "",
        "for_account": voucher is not None and voucher.for_account,
        "percent": f"{number_format(voucher.percent.normalize(), use_l10n=True)}%" if voucher else "",
        "until": date_format(timezone.localtime(voucher.expires_at), "DATE_FORMAT") if voucher else "",
    }


def _line(line: LineView, watch: BasketWatch) -> Line:
    price = line.unit_price
    if price is None or (watch.currency and price.currency != watch.currency):
        return Line(line.title, line.quantity, "")
    return Line(line.title, line.quantity, format_money(price * line.quantity))


def _own_words(step: CartStep | None, language: str, values: dict[str, Any]) -> dict[str, str]:
    """What the shop wrote for this language; ours where it wrote nothing, or what cannot be filled in."""
    texts = step.texts.get(language, {}) if step else {}
    plain = {name: str(value) for name, value in values.items()}
    words = {}
    for name in ("subject", "text"):
        try:
            words[name] = fill(str(texts.get(name, "")), plain).strip()
        except BadText:
            words[name] = ""
    return words
