"""What Wagtail learns from us: the desk's addresses, its menu, what staff edit, the badge on every admin page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from wagtail import hooks

from shopchat.desk import urls
from shopchat.desk.editing.callbacks import CallbackRulesViewSet
from shopchat.desk.editing.carts import CartRulesViewSet
from shopchat.desk.editing.hours import ScheduleViewSet
from shopchat.desk.editing.operators import OperatorViewSet, ProfilePanel
from shopchat.desk.editing.suppressions import SuppressionViewSet
from shopchat.desk.editing.telephony import TelephonyViewSet
from shopchat.desk.editing.widgets import WidgetViewSet
from shopchat.desk.menu import ChatItem, ChatMenu, callback_report_item, cart_report_item, chat_menu
from shopchat.desk.models import WidgetLook
from shopchat.operators.roster import PERMISSION


@hooks.register("register_admin_urls")
def admin_urls() -> list[Any]:
    return [path("chat/", include(urls))]


@hooks.register("register_admin_viewset")
def viewsets() -> list[Any]:
    return [
        OperatorViewSet(),
        ScheduleViewSet(),
        WidgetViewSet(),
        CallbackRulesViewSet(),
        TelephonyViewSet(),
        CartRulesViewSet(),
        SuppressionViewSet(),
    ]


@hooks.register("register_admin_menu_item")
def menu_item() -> ChatMenu:
    return chat_menu()


@hooks.register("register_reports_menu_item")
def report_item() -> ChatItem:
    return callback_report_item()


@hooks.register("register_reports_menu_item")
def cart_report() -> ChatItem:
    return cart_report_item()


@hooks.register("register_permissions")
def permissions() -> QuerySet[Permission]:
    """So that owners can give the desk to other groups in Wagtail's own form."""
    app_label, codename = PERMISSION.split(".")
    return Permission.objects.filter(content_type__app_label=app_label, codename=codename)


@hooks.register("register_account_settings_panel")
def account_panel(request: HttpRequest, user: Any, profile: Any) -> ProfilePanel:
    return ProfilePanel(request, user, profile)


@hooks.register("register_icons")
def icons(registered: list[str]) -> list[str]:
    names = ("sound-on", "sound-off", "cart")
    return [*registered, *(f"shopchat/desk/icons/{name}.svg" for name in names)]


@hooks.register("insert_global_admin_css")
def badge_style() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("shopchat/desk/badge.css"))


@hooks.register("insert_global_admin_js")
def badge_script() -> SafeString:
    return format_html('<script type="module" src="{}"></script>', static("shopchat/desk/badge.js"))


@hooks.register("before_delete_snippet")
def keep_used_widgets(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    """A widget with conversations is switched off, not deleted: deleting it would lose them."""
    if not any(isinstance(one, WidgetLook) and one.conversations.exists() for one in instances):
        return None
    messages.error(request, _("This widget has conversations. Switch it off instead of deleting it."))
    return redirect("shopchat_widgets:list")


@hooks.register("before_bulk_action")
def keep_used_widgets_in_bulk(
    request: HttpRequest, action_type: str, instances: list[Any], action: Any
) -> HttpResponse | None:
    """The same for many at once."""
    return keep_used_widgets(request, instances) if action_type == "delete" else None
