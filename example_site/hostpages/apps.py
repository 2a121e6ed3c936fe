from django.apps import AppConfig


class HostPagesConfig(AppConfig):
    name = "example_site.hostpages"
    label = "hostpages"
