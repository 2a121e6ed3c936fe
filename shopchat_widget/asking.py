"""The form that asks for a call: what it holds, what it is drawn from, and what becomes of what was sent."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from shopchat.callbacks import access, requesting
from shopchat.callbacks.admission import HONEYPOT, ProofNeeded, admit
from shopchat.callbacks.limiting import TooOften
from shopchat.callbacks.models import CallbackRequest, CallbackRules
from shopchat.callbacks.refusing import NumberWaits, Rejected
from shopchat.callbacks.requesting import Requested
from shopchat.callbacks.slots import Slot
from shopchat.callbacks.wishes import Wish
from shopchat.contacts.models import Contact
from shopchat.inboxes.models import Inbox
from shopchat.visitors.recognition import hold, new_start
from shopchat_widget import languages, subjects
from shopchat_widget.callers import Caller, cookie_path, host_of
from shopchat_widget.offering import Wanted
from shopchat_widget.sending import contact_of, path_of, source_of
from shopchat_widget.subjects import Subject


def rules_of(inbox: Inbox) -> CallbackRules | None:
    """The rules by which this site offers calls, ``None`` if it does not."""
    return CallbackRules.objects.filter(inbox=inbox, is_active=True).select_related("schedule").first()


def rules_for(request: CallbackRequest) -> CallbackRules | None:
    """The rules of a request that was made: what is promised stays movable where no more calls are offered."""
    return CallbackRules.objects.filter(inbox=request.inbox_id).select_related("schedule").first()


def waiting(caller: Caller) -> list[CallbackRequest]:
    """The caller's own requests here that wait for a call, the latest first."""
    theirs = access.for_contact(caller.contact).waiting().filter(inbox=caller.inbox)
    return list(theirs.order_by("-created_at", "-pk"))


@dataclass(frozen=True)
class Form:
    """What the form holds, as it was typed."""

    client_id: str
    start: str
    page: str = ""
    phone: str = ""
    name: str = ""
    about: str = ""
    subject: Subject | None = None
    with_subject: bool = True
    consent: bool = False
    consent_hash: str = ""
    replace: str = ""
    solution: str = ""
    trap: str = ""
    wanted: Wanted = field(default_factory=Wanted)


def blank(caller: Caller) -> Form:
    """The form for somebody who opens it: with what the page that links to it says, and what we know of them anyway."""
    request = caller.request
    return Form(
        client_id=uuid.uuid4().hex,
        start="" if caller.contact or caller.user.is_authenticated else new_start(),
        page=_came_from(caller),
        name=caller.contact.name if caller.contact else "",
        subject=subjects.read(request.GET.get("about", ""), caller),
        wanted=Wanted(zone=request.GET.get("zone", "")),
    )


def typed(caller: Caller, fields: Mapping[str, str]) -> Form:
    """The form as it was sent."""
    # The box may be unticked; the token stays beside it, so that it can be ticked again.
    token = fields.get("subject", "") or fields.get("offered", "")
    return Form(
        client_id=fields.get("client_id", ""),
        start=fields.get("start", ""),
        page=path_of(fields.get("page", "")),
        phone=fields.get("phone", ""),
        name=fields.get("name", ""),
        about=fields.get("about", ""),
        subject=subjects.read(token, caller),
        with_subject=bool(fields.get("subject")),
        consent=fields.get("consent") == "yes",
        consent_hash=fields.get("consent_hash", ""),
        replace=fields.get("replace", ""),
        solution=fields.get("captcha", ""),
        trap=fields.get(HONEYPOT, ""),
        wanted=Wanted.in_fields(fields),
    )


@dataclass
class Again(Exception):
    """The form is shown once more, with ``errors`` by field (empty: about all of it) and everything that was typed.

    ``free`` is a slot to choose instead; ``waits`` the request that waits for a call to this number, to be changed if its
    owner says so; ``work`` is for the browser to do before it sends the form again.
    """

    errors: dict[str, str] = field(default_factory=dict)
    status: int = 422
    free: Slot | None = None
    waits: NumberWaits | None = None
    work: bool = False
    retry_after: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request that is stored. ``key`` is what the browser's cookie must hold from now on, empty for an account."""

    requested: Requested
    key: str


def ask(caller: Caller, form: Form) -> Asked:
    """Store what the form asks for. Raises :class:`Again`."""
    wish = _wish(form)
    try:
        # Of a form that was stored a moment ago, in a browser that was not told so, the own slot may be full.
        known = caller.contact or not CallbackRequest.objects.filter(client_id=wish.client_id).exists()
        if not known or requesting.check(caller.contact, caller.inbox, wish) is None:
            admit(
                caller.contact,
                source=source_of(caller),
                solution=form.solution,
                trap=form.trap,
                confirmed=requesting.confirms(caller.contact, caller.inbox, wish),
            )
        contact, key = contact_of(caller, form.start)
        requested = _store(caller, contact, key, wish)
    except NumberWaits as waits:
        raise Again(status=409, waits=waits) from waits
    except TooOften as error:
        work = isinstance(error, ProofNeeded)
        raise Again(error.errors, 429, work=work, retry_after=error.retry_after) from error
    except Rejected as rejected:
        raise Again(_said(form, rejected), free=rejected.free) from rejected
    caller.remember_basket(contact)
    return Asked(requested, key)


def _wish(form: Form) -> Wish:
    subject = form.subject if form.with_subject else None
    return Wish(
        phone=form.phone,
        name=form.name,
        about=form.about,
        subject=subject.kind if subject else "",
        subject_ref=subject.ref if subject else "",
        subject_label=subject.label if subject else "",
        slot=form.wanted.value,
        time_zone=form.wanted.zone,
        page=form.page,
        language=languages.active(),
        client_id=form.client_id,
        consent=form.consent,
        consent_hash=form.consent_hash,
        replace=form.replace,
    )


def _store(caller: Caller, contact: Contact, key: str, wish: Wish) -> Requested:
    """If the browser signed in meanwhile, its contact is nobody's any more: what it asks for would be seen by nobody."""
    with transaction.atomic():
        if key and not hold(key):
            raise Again({"": _("You have signed in or out meanwhile. Please send the form once more.")}, 409)
        return requesting.request_callback(contact, caller.inbox, wish)


def _said(form: Form, rejected: Rejected) -> dict[str, str]:
    """Everything that is wrong at once: whether a time can be had is looked at after all the rest."""
    if form.wanted.is_complete:
        return rejected.errors
    return {**rejected.errors, "when": _("Choose a day and a time for the call.")}


def _came_from(caller: Caller) -> str:
    """The page of the shop from which the form was opened; a script, where one runs, knows better."""
    parts = urlsplit(caller.request.headers.get("Referer", ""))
    is_ours = parts.hostname == host_of(caller.request) and not parts.path.startswith(cookie_path())
    return path_of(parts.path) if is_ours else ""
