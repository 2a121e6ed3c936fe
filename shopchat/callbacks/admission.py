"""Who may ask for a call just now: limits, a field that people do not see, and work for the browser.

Call :func:`admit` between :func:`shopchat.callbacks.requesting.check` and the first thing that is stored. Only forms that
are filled in well are counted, so that nobody is locked out by typing errors; and they are counted before a number is
looked up, so that whoever tries out numbers is stopped.
"""

from django.utils.translation import gettext as _

from shopchat.callbacks.limiting import TooOften, count, try_again
from shopchat.callbacks.refusing import Rejected
from shopchat.contacts.models import Contact
from shopchat.core import proof_of_work

# No browser fills in a field of this name by itself.
HONEYPOT = "second_thought"


class ProofNeeded(TooOften):
    """The form is taken with the solution of a :func:`~shopchat.core.proof_of_work.challenge`, else after ``retry_after``."""


def admit(contact: Contact | None, *, source: str, solution: str = "", trap: str = "", confirmed: bool = False) -> None:
    """Count one request of this contact, if there is one, from this ``source``: an account or a network address.

    ``solution`` is the browser's work; ``trap`` what stands in the field :data:`HONEYPOT`, which is drawn out of sight and
    empty again with the answer; ``confirmed`` says that it is the answer to our own question, see
    :func:`shopchat.callbacks.requesting.confirms`, and was counted when we asked it. Raises :class:`Rejected`, :class:`ProofNeeded` or :class:`TooOften`, each with its sentence
    for the whole form.
    """
    proven = proof_of_work.verify(solution)
    if trap and not proven:
        # Whoever reads this is somebody whose browser filled it in; a program fills it in again.
        raise Rejected(
            {"": _("A field that has to stay empty was filled in. It is empty again: please send the form now.")}
        )
    if proof_of_work.is_available() and not proven and not confirmed:
        _ask_for_proof(source)
    if contact is not None:
        count("callback_requests", str(contact.pk))
    if not confirmed:
        count("callback_sources", source)


def _ask_for_proof(source: str) -> None:
    try:
        count("callback_captcha_after", source)
    except TooOften as error:
        says = _(
            "Many calls were asked for from your network. Your browser has to prove that it is not a program: this takes JavaScript and a moment."
        )
        says = f"{says} {try_again(error.retry_after)}"
        raise ProofNeeded("", says, retry_after=error.retry_after) from error
