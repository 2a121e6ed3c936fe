"""The addresses of a site that has none."""

urlpatterns: list = []
