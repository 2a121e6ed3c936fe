from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ShopchatWidgetConfig(AppConfig):
    name = "shopchat_widget"
    verbose_name = _("Chat widget")
