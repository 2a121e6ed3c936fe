"""The "Chat" entry of the admin's menu, with its live badges."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem
from wagtail.admin.ui.sidebar import LinkMenuItem

from shopchat.desk.badge import calling, due, helping
from shopchat.operators.roster import may_answer
from shopchat.reports.access import sees_everybodys, sees_some

ORDER = 50
ICON = "comment"
REPORT_ORDER = 1000


class ChatItem(MenuItem):
    """An item that some people see. ``permitted`` gets the user."""

    def __init__(self, *args: Any, permitted: Callable[[Any], bool], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.permitted = permitted

    def is_shown(self, request: HttpRequest) -> bool:
        return self.permitted(request.user)


class CountedItem(ChatItem):
    """An item with a number of its own. ``counted`` gets the request; ``badge.js`` knows the number by its name."""

    def __init__(self, *args: Any, counted: Callable[[HttpRequest], int], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.counted = counted

    def render_component(self, request: HttpRequest) -> Any:
        component = super().render_component(request)
        badge = {"data-shopchat-badge": str(self.counted(request)), "data-shopchat-badge-of": self.name}
        component.attrs = {**component.attrs, **badge}
        return component


class ChatMenu(SubmenuMenuItem):
    """The group, or, for those who have only the desk, the desk itself."""

    def render_component(self, request: HttpRequest) -> Any:
        attrs = badge_attributes(request) if may_answer(request.user) else {}
        items = self.menu.menu_items_for_request(request)
        if len(items) == 1:
            return LinkMenuItem(
                self.name, self.label, items[0].url, icon_name=self.icon_name, classname=self.classname, attrs=attrs
            )
        component = super().render_component(request)
        component.attrs = {**component.attrs, **attrs}
        return component


def badge_attributes(request: HttpRequest) -> dict[str, str]:
    """What the script and the style of the badge read from the menu: the hooks that insert them know no user."""
    return {
        "data-shopchat-badge": str(_conversations(request) + _callbacks(request) + _baskets(request)),
        "data-shopchat-badge-url": reverse("shopchat_desk:badge"),
        "data-shopchat-live": static("shopchat/live.js"),
    }


def chat_menu() -> ChatMenu:
    """The menu entry with all its items."""
    items = [
        _counted(_("Desk"), "shopchat_desk:desk", ICON, "conversations", _conversations, 1),
        _counted(_("Callbacks"), "shopchat_desk:callbacks", "mobile-alt", "callbacks", _callbacks, 2),
        _counted(_("Carts"), "shopchat_desk:carts", "sc-cart", "baskets", _baskets, 3),
        _editing(_("Operators"), "shopchat_operators:index", "group", "operator", 4),
        _editing(_("Working hours"), "shopchat_hours:index", "time", "schedule", 5),
        _editing(_("Widgets"), "shopchat_widgets:list", "sliders", "widgetlook", 6),
        _editing(_("Callback rules"), "shopchat_callback_rules:index", "cogs", "callbackrules", 7),
        _editing(_("Rules for baskets"), "shopchat_cart_rules:index", "cogs", "cartrules", 8),
        _editing(_("Suppressed addresses"), "shopchat_suppressions:index", "mail", "suppression", 9),
        _editing(_("Telephony"), "shopchat_telephony:index", "mobile-alt", "telephonyaccount", 10),
        ChatItem(
            _("Deliveries"),
            reverse_lazy("shopchat_desk:deliveries"),
            icon_name="mail",
            order=11,
            permitted=_sees_upkeep,
        ),
    ]
    return ChatMenu(_("Chat"), Menu(items=items), name="shopchat", icon_name=ICON, order=ORDER)


def _counted(label: Any, url_name: str, icon: str, name: str, counted: Callable[[HttpRequest], int], order: int) -> Any:
    address = reverse_lazy(url_name)
    return CountedItem(label, address, name=name, icon_name=icon, order=order, permitted=may_answer, counted=counted)


def _conversations(request: HttpRequest) -> int:
    return _once(request, "shopchat_calling", lambda: calling(request.user))  # the desk's own page has counted already


def _callbacks(request: HttpRequest) -> int:
    return _once(request, "shopchat_due", lambda: due(request.user).count)


def _baskets(request: HttpRequest) -> int:
    return _once(request, "shopchat_baskets", lambda: helping(request.user))


def _once(request: HttpRequest, name: str, count: Callable[[], int]) -> int:
    if getattr(request, name, None) is None:
        setattr(request, name, count())
    return int(getattr(request, name))


def callback_report_item() -> ChatItem:
    """The entry among Wagtail's reports."""
    url = reverse_lazy("shopchat_desk:callback_report")
    return ChatItem(
        _("Callbacks"),
        url,
        name="shopchat-callback-report",
        icon_name="history",
        order=REPORT_ORDER,
        permitted=sees_some,
    )


def cart_report_item() -> ChatItem:
    """The entry among Wagtail's reports."""
    url = reverse_lazy("shopchat_desk:cart_report")
    return ChatItem(
        pgettext_lazy("what customers fill", "Baskets"),
        url,
        name="shopchat-cart-report",
        icon_name="history",
        order=REPORT_ORDER + 1,
        permitted=sees_everybodys,
    )


def _sees_upkeep(user: Any) -> bool:
    """Who has only the desk finds the list from there, when there is something in it."""
    return may_answer(user) and bool(user.has_perm("shopchat.change_operator"))


def _editing(label: Any, url_name: str, icon: str, model: str, order: int) -> ChatItem:
    def permitted(user: Any) -> bool:
        return any(user.has_perm(f"shopchat.{verb}_{model}") for verb in ("add", "change", "delete"))

    return ChatItem(label, reverse_lazy(url_name), icon_name=icon, order=order, permitted=permitted)
