"""What came of a talk on the phone."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Result(models.TextChoices):
    ORDERED = "ordered", _("ordered")
    HELPED = "helped", _("question answered")
    THINKS = "thinks", _("will think about it")
    COMPLAINT = "complaint", _("complaint")
    OTHER = "other", _("something else")
