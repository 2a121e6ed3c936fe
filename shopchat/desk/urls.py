"""The desk's addresses, below ``chat/`` in the Wagtail admin. ``wagtail_hooks`` registers them."""

from typing import Any

from django.urls import URLPattern, path, re_path

from shopchat.core.sessions import keeps_session_cookie
from shopchat.desk.deeds import DEEDS
from shopchat.desk.entrance import for_operators
from shopchat.desk.views import acting, callbacks, carts, deliveries, fragments, reports
from shopchat.desk.views.pages import DeskPage

app_name = "shopchat_desk"


class Address(URLPattern):
    """One whose answers never delete the session cookie, Wagtail's refusals included, which come before our views."""

    def resolve(self, path: str) -> Any:
        match = super().resolve(path)
        if match is not None:
            match.func = keeps_session_cookie(match.func)
        return match


page = for_operators(DeskPage.as_view())
NUMBER = r"^(?P<number>[1-9][0-9]{7})/"
CALLBACK = r"^callbacks/(?P<callback>[0-9]{1,12})/"

_patterns = [
    path("", page, name="desk"),
    path("list/", fragments.rows, name="rows"),
    path("list/search/", fragments.search, name="search"),
    path("list/older/", fragments.older_rows, name="older_rows"),
    path("badge/", acting.badge, name="badge"),
    path("ticket/", acting.ticket, name="ticket"),
    path("receipts/", acting.receipts, name="receipts"),
    path("here/", acting.here, name="here"),
    path("sound/", acting.sound, name="sound"),
    path("deliveries/", for_operators(deliveries.DeliveriesPage.as_view()), name="deliveries"),
    path("deliveries/<int:pk>/resend/", deliveries.resend, name="resend_delivery"),
    path("deliveries/<int:pk>/dismiss/", deliveries.dismiss, name="dismiss_delivery"),
    path("callbacks/", for_operators(callbacks.QueuePage.as_view()), name="callbacks"),
    path("callbacks/rows/", callbacks.rows, name="callback_rows"),
    path("callbacks/search/", callbacks.search, name="search_callbacks"),
    path("callbacks/assign/", callbacks.assign, name="assign_callbacks"),
    re_path(rf"{CALLBACK}$", for_operators(callbacks.RequestPage.as_view()), name="callback"),
    re_path(rf"{CALLBACK}now/$", callbacks.now, name="callback_now"),
    re_path(rf"{CALLBACK}begin/$", callbacks.begin, name="begin_call"),
    path("carts/", for_operators(carts.ListPage.as_view()), name="carts"),
    path("carts/search/", carts.search, name="search_carts"),
    re_path(r"^carts/(?P<basket>[1-9][0-9]{0,17})/$", for_operators(carts.BasketPage.as_view()), name="cart"),
    path("reports/callbacks/", reports.for_readers(reports.CallbackReport.as_view()), name="callback_report"),
    path("reports/callbacks/requests.csv", reports.callback_requests, name="callback_report_csv"),
    path("reports/baskets/", reports.for_supervisors(reports.CartReport.as_view()), name="cart_report"),
    path("reports/baskets/baskets.csv", reports.basket_rows, name="cart_report_csv"),
    re_path(rf"{NUMBER}$", page, name="conversation"),
    re_path(rf"{NUMBER}pane/$", fragments.pane, name="pane"),
    re_path(rf"{NUMBER}messages/$", fragments.newer, name="newer"),
    re_path(rf"{NUMBER}messages/older/$", fragments.older, name="older"),
    re_path(rf"{NUMBER}messages/send/$", acting.send, name="send"),
    re_path(rf"{NUMBER}customer/$", fragments.customer, name="customer"),
    re_path(rf"{NUMBER}typing/$", acting.writing, name="typing"),
    re_path(rf"{NUMBER}(?P<deed>{'|'.join(DEEDS)})/$", acting.do, name="do"),
]

urlpatterns = [Address(one.pattern, one.callback, one.default_args, one.name) for one in _patterns]
