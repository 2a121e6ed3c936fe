"""The suite's addresses, and Django's own log-out, which asks nobody who they are."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from tests.urls import urlpatterns as _suites

urlpatterns = [path("log-out/", LogoutView.as_view(next_page="/chat/")), *_suites]
