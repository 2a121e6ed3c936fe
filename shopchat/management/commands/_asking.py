"""Asking whoever runs a command before something cannot be undone."""

from django.core.management.base import CommandError


def insist_on_yes(question: str, *, otherwise: str) -> None:
    """Return if the answer is *yes*; raises :class:`CommandError` with ``otherwise`` after any other, and without one."""
    try:
        answer = input(f"{question} Type yes: ")
    except EOFError:
        answer = ""
    if answer.strip().lower() != "yes":
        raise CommandError(otherwise)
