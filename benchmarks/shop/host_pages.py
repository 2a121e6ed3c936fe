"""Four pages of the demo store for three visitors, with and without the tag; prints what each costs.

``python -m benchmarks.shop.host_pages 7`` looks at each seven times, in turns.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest.mock import patch

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "example_site.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 settings come first
from django.db import connection  # noqa: E402
from django.template.library import SimpleNode  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from oscar.core.loading import get_model  # noqa: E402

HEADERS = ("Vary", "Cache-Control", "Expires", "ETag", "Content-Security-Policy", "Set-Cookie")
draw = SimpleNode.render


def visitors() -> dict[str, Client]:
    made = {name: Client(HTTP_HOST="127.0.0.1") for name in ("anonymous", "with a basket", "signed in")}
    made["signed in"].force_login(
        get_user_model()._default_manager.get(email="customer@demo.test"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    made["with a basket"].post(f"/basket/add/{_product().pk}/", {"quantity": 1})
    return made


def pages() -> dict[str, str]:
    return {
        "product": _product().get_absolute_url(),
        "basket": "/basket/",
        "page of the CMS": "/pages/about/",
        "bare": "/bare/",
    }


def look(client: Client, path: str) -> dict[str, Any]:
    begin = time.process_time()
    response = client.get(path)
    spent = (time.process_time() - begin) * 1000
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return {
        "queries": len(captured),
        "bytes": len(response.content),
        "headers": {name: response.get(name) for name in HEADERS} | {"cookies": sorted(response.cookies)},
        "milliseconds": spent,
        "tag": b"/chat/launcher/" in response.content,
    }


@contextmanager
def without_the_tag() -> Iterator[None]:
    def render(node: Any, context: Any) -> Any:
        return "" if node.func.__name__ == "shopchat_widget" else draw(node, context)

    with patch.object(SimpleNode, "render", render):
        yield


def compare(client: Client, path: str, times: int) -> dict[str, Any]:
    look(client, path)  # caches, a session: whatever the first visit makes
    pairs = []
    for _ in range(times):
        tagged = look(client, path)
        with without_the_tag():
            pairs.append((tagged, look(client, path)))
    tagged, plain = pairs[-1]
    return {
        "queries": tagged["queries"] - plain["queries"],
        "of_queries": plain["queries"],
        "bytes": tagged["bytes"] - plain["bytes"],
        "of_bytes": plain["bytes"],
        "headers": sum(tagged["headers"][name] != plain["headers"][name] for name in tagged["headers"]),
        "milliseconds": [pair[0]["milliseconds"] for pair in pairs],
        "of_milliseconds": [pair[1]["milliseconds"] for pair in pairs],
        "median": median(pair[0]["milliseconds"] for pair in pairs),
        "shown": tagged["tag"] and not plain["tag"],
    }


def _product() -> Any:
    products = get_model("catalogue", "Product").objects.filter(
        structure="standalone", stockrecords__num_in_stock__gt=0
    )
    return products.order_by("pk").first()


if __name__ == "__main__":
    rounds = int(sys.argv[1])
    found = {
        f"{page}, {name}": compare(client, path, rounds)
        for name, client in visitors().items()
        for page, path in pages().items()
    }
    print(json.dumps(found))
