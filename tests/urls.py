"""Addresses of the suite's project; a place like that of `example_site`."""

from importlib.util import find_spec

from django.apps import apps
from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]

if find_spec("shopchat_widget") and find_spec("shopchat_widget.urls"):
    urlpatterns += [path("chat/", include("shopchat_widget.urls"))]

urlpatterns += [path("pages/", include(wagtail_urls))]

if settings.WITH_OSCAR:
    urlpatterns += [path("", include(apps.get_app_config("oscar").urls[0]))]
