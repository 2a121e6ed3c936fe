"""The suite's project with one page that does nothing at all."""

from django.urls import path
from django.views.generic import TemplateView

from tests.urls import urlpatterns as project_patterns

urlpatterns = [path("bare/", TemplateView.as_view(template_name="host_pages/bare.html")), *project_patterns]
