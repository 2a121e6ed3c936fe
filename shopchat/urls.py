"""Addresses that the widget and the desk share. ``shopchat_widget.urls`` includes them under ``live/``."""

from django.urls import path

from shopchat.live import views

app_name = "shopchat"
urlpatterns = [
    path("poll/", views.poll, name="poll"),
    path("stream/", views.stream, name="stream"),
]
