"""Which of a shop's rows are of its customers, and not of its staff."""

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q


def of_customers(account: str) -> Q:
    """Rows whose ``account``, the path to a user, is nobody or no member of staff; all where accounts know no staff."""
    try:
        get_user_model()._meta.get_field("is_staff")
    except FieldDoesNotExist:  # accounts of a shop's own
        return Q()
    return Q(**{account: None}) | Q(**{f"{account}__is_staff": False})
