from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ShopchatConfig(AppConfig):
    name = "shopchat"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here because they need loaded models.
        from shopchat import checks, periodic  # noqa: F401
        from shopchat.callbacks import alerts as callback_alerts
        from shopchat.callbacks import call_words, happenings, telling, zones
        from shopchat.carts import alerts as cart_alerts
        from shopchat.carts import anymail, observing, offering, reminding
        from shopchat.conversations import alerts, hints, mailing, notifying
        from shopchat.privacy import erasing
        from shopchat.visitors import entitlement, revoking

        hints.register()
        notifying.register()
        alerts.register()
        mailing.register()
        happenings.register()
        telling.register()
        callback_alerts.register()
        cart_alerts.register()
        zones.register()
        revoking.register()
        entitlement.register()
        call_words.register()
        erasing.register()
        offering.register()
        reminding.register()
        observing.connect()
        anymail.connect()
        post_migrate.connect(periodic.plan, sender=self)
