"""The Wagtail pages of the demo store."""

from typing import Any

from wagtail.models import Page, Site

from example_site.demo.site_texts import HOME, PAGES
from example_site.pages.models import HomePage, TextPage


def load_pages() -> int:
    """Put our home page in the place of Wagtail's welcome page. Returns how many pages were created."""
    if HomePage.objects.exists():
        return 0
    root = Page.get_first_root_node()
    home = root.add_child(instance=HomePage(slug="trail-and-co", **HOME))
    for slug, texts in PAGES.items():
        home.add_child(instance=TextPage(slug=slug, show_in_menus=True, **texts))

    site: Any = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    old_root = site.root_page if site.pk else None
    site.hostname, site.port, site.site_name, site.root_page = "localhost", 8000, "Trail & Co.", home
    site.save()
    if old_root:  # Only now: deleting the root page of a site deletes the site.
        old_root.delete()
    return 1 + len(PAGES)
