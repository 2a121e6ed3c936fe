from django.urls import path

from example_site.hostpages import views

urlpatterns = [
    path("bare/", views.page, {"name": "bare"}, name="bare"),
    path("host/htmx2/", views.page, {"name": "htmx2"}),
    path("host/htmx4/", views.page, {"name": "htmx4"}),
    path("host/hostile/", views.page, {"name": "hostile"}),
    path("host/boost/", views.page, {"name": "boost", "number": 1}, name="host-boost"),
    path("host/boost/2/", views.page, {"name": "boost", "number": 2}, name="host-boost-2"),
    path("host/count/", views.count, name="host-count"),
    path("host/count/reset/", views.reset),
]
