"""Who may answer, and the operator that belongs to a user."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet

from shopchat.operators.models import Operator

PERMISSION = "shopchat.answer_conversations"
ADMIN = "wagtailadmin.access_admin"
GROUP = "Chat operators"


def may_answer(user: Any) -> bool:
    """Whether the user (or anonymous user) may work at the desk."""
    return bool(user.is_active and user.has_perm(PERMISSION))


def may_enter(user: Any) -> bool:
    """Whether the desk opens for the user: it stands in Wagtail's admin, which has a permission of its own."""
    return may_answer(user) and bool(user.has_perm(ADMIN))


def people_who_may_answer() -> QuerySet[Any]:
    """The active users for whom :func:`may_answer` holds, found by Django's own permissions."""
    return people_with(PERMISSION)


def people_at_the_desk() -> QuerySet[Any]:
    """The active users for whom :func:`may_enter` holds, found in the same way."""
    return people_with(PERMISSION).filter(_granted(ADMIN))


def people_with(permission: str) -> QuerySet[Any]:
    """The active users who have this permission, written like ``shopchat.answer_conversations``."""
    return get_user_model()._default_manager.filter(_granted(permission), is_active=True)


def on_phone_duty() -> QuerySet[Operator]:
    """Operators who make calls, with their hours on the phone; without such an entry they call whenever the shop does."""
    return (
        Operator.objects.filter(takes_calls=True, user__in=people_who_may_answer())
        .select_related("call_schedule")
        .prefetch_related("call_schedule__intervals", "call_schedule__exceptions")
    )


def operator_for(user: Any) -> Operator:
    """The user's operator, made on the first visit to the desk. The caller has checked :func:`may_answer`."""
    operator, _ = Operator.objects.get_or_create(user=user, defaults={"public_name": _public_name(user)})
    return operator


def _public_name(user: Any) -> str:
    """A first name where there is one; never a whole e-mail address, which customers would see."""
    name = user.get_short_name() or user.get_username().partition("@")[0]
    return str(name).partition("@")[0][:80].capitalize()


def _granted(permission: str) -> Q:
    app_label, codename = permission.split(".")
    rows = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    # No joins: a person's own rights, groups and the rights of those would be multiplied by each other.
    users = get_user_model()._default_manager.order_by()
    directly, by_group = users.filter(user_permissions__in=rows), users.filter(groups__permissions__in=rows)
    return Q(is_superuser=True) | Q(pk__in=directly.values("pk")) | Q(pk__in=by_group.values("pk"))
