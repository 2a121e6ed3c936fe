"""In which language to write to an operator who is not there to ask."""

from django.conf import settings

from shopchat.operators.models import Operator


def language_of(operator: Operator) -> str:
    """What they chose in their Wagtail account, else the shop's own."""
    # By attribute: Wagtail keeps it, and this package does not know Wagtail. Absent until they first saved something.
    profile = getattr(operator.user, "wagtail_userprofile", None)
    return str(getattr(profile, "preferred_language", "") or settings.LANGUAGE_CODE)
