"""Settings of Oscar's own test suite with the chat installed into its site, see CONTRIBUTING.md.

Not a part of our own suite: Oscar's source package holds no tests, so that they come from a checkout of its repository, whose
package is called ``tests``, too. This file is found by its folder instead.
"""

from pathlib import Path

from tests.settings import *  # noqa: F403  Oscar's, not ours

HERE = Path(__file__).parent

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = [
    *INSTALLED_APPS,  # noqa: F405
    "wagtail.users",
    "wagtail.admin",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.snippets",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_htmx",
    "shopchat",
    "shopchat_widget",
]
TEMPLATES[0]["DIRS"] = [HERE / "templates", *TEMPLATES[0]["DIRS"]]  # noqa: F405
ROOT_URLCONF = "with_chat_urls"
WAGTAIL_SITE_NAME = "Oscar's tests"
WAGTAILADMIN_BASE_URL = "http://testserver"
SHOPCHAT = {"STORE": {"BACKEND": "shopchat.stores.oscar.OscarStore"}}
