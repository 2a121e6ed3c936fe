"""Addresses that services of others are given. ``shopchat_widget.urls`` includes them under ``hooks/``."""

from django.urls import path

from shopchat.webhooks import calls, store

app_name = "shopchat_hooks"
urlpatterns = [
    path("calls/<slug:secret>/", calls.calls, name="calls"),
    path("store/", store.store, name="store"),
]
