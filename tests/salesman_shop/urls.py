from django.urls import include, path

from tests.urls import urlpatterns as elsewhere

urlpatterns = [path("api/", include("salesman.urls")), *elsewhere]
