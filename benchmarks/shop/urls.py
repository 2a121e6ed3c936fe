"""The chat, and the requests that it is compared with."""

from django.urls import include, path
from wagtail.admin import urls as wagtailadmin_urls

from benchmarks.shop import views

urlpatterns = [
    path("empty/", views.empty),
    path("floor/", views.floor),
    path("cms/", include(wagtailadmin_urls)),
    path("chat/", include("shopchat_widget.urls")),
]
