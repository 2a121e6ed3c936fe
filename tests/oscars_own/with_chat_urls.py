"""Oscar's own addresses, with the chat's before them."""

from importlib import reload

from django.urls import include, path
from wagtail.admin import urls as wagtail_admin

from tests._site import urls as oscars

# Oscar's tests load the addresses of the site again when a setting has changed that they depend on.
reload(oscars)
handler403, handler404, handler500 = oscars.handler403, oscars.handler404, oscars.handler500

urlpatterns = [
    path("chat/", include("shopchat_widget.urls")),
    path("cms/", include(wagtail_admin)),
    *oscars.urlpatterns,
]
