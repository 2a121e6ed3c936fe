"""A browser as far as the chat needs one: cookies, forms, our mark on answers, and lines read from what was drawn."""

import http.client
import json
import re
import threading
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

MARKER = ("x-shopchat", "1")
SECONDS = 8.0


class Unanswered(Exception):
    """No whole answer came. What the server did about it is unknown."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def is_ours(self) -> bool:
        """Whether the answer carries our mark; a captive portal's does not."""
        return self.headers.get(MARKER[0]) == MARKER[1]


@dataclass
class Browser:
    """One profile: its cookies are shared by everything it sends, several requests at once included."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, Any], *, seconds: float = SECONDS) -> Answer:
        """Post a form, with the CSRF token that the cookies hold."""
        body = urlencode({**fields, "csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}, doseq=True)
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, seconds)

    def open(
        self, path: str, seconds: float, **headers: str
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """A request whose answer is read piece by piece: the caller closes the connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path, headers=self._headers(headers))
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unanswered(type(error).__name__) from error

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str], seconds: float = SECONDS
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body=body, headers=self._headers(headers))
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(type(error).__name__) from error
        finally:
            connection.close()
        self._keep(response.headers.get_all("Set-Cookie") or [])
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        with self._lock:
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Connection": "close", **({"Cookie": cookies} if cookies else {}), **named}

    def _keep(self, lines: list[str]) -> None:
        with self._lock:
            for line in lines:
                for name, morsel in SimpleCookie(line).items():
                    if morsel["max-age"] == "0" or not morsel.value:
                        self.cookies.pop(name, None)
                    else:
                        self.cookies[name] = morsel.value


Line = dict[str, Any]


@dataclass
class Drawn:
    """What a page or a fragment shows: its lines in the order they stand, and attributes of its landmarks."""

    lines: list[Line]
    marks: dict[str, str]

    def number(self, name: str) -> int:
        return int(self.marks.get(name) or 0)


def read(html: str) -> Drawn:
    """The lines and landmarks of any page or fragment of the widget or the desk."""
    parser = _Reader()
    parser.feed(html)
    parser.close()
    return Drawn(parser.lines, parser.marks)


def page_settings(html: str) -> dict[str, Any]:
    """What the widget's page tells its script."""
    found = re.search(r'<script id="shopchat-settings" type="application/json">(.*?)</script>', html, re.DOTALL)
    return json.loads(found[1]) if found else {}


_LANDMARKS = {"id": ("shopchat-state", "sc-thread"), "class": ("sc-news", "shopchat-older", "sc-log__older")}
_VOID = {"br", "input", "img", "meta", "link", "hr", "use"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self.marks: dict[str, str] = {}
        self._depth = 0  # of the element whose text is being read
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth:
            self._depth += tag not in _VOID
            return
        given = {name: value or "" for name, value in attrs}
        classes = given.get("class", "").split()
        if tag == "li" and given.get("data-seq"):
            self._begin(given, classes)
        elif {"shopchat-bubble", "sc-text"} & set(classes):
            self._depth, self._text = 1, []
        elif given.get("id") in _LANDMARKS["id"] or set(_LANDMARKS["class"]) & set(classes):
            self._landmark(given, classes)

    def handle_endtag(self, tag: str) -> None:
        if not self._depth or tag in _VOID:
            return
        self._depth -= 1
        if not self._depth and self.lines and "text" not in self.lines[-1]:
            self.lines[-1]["text"] = "".join(self._text)

    def handle_data(self, data: str) -> None:
        if self._depth:
            self._text.append(data)

    def _begin(self, given: dict[str, str], classes: list[str]) -> None:
        private = bool({"sc-message--note", "sc-message--private"} & set(classes))
        line = {"seq": int(given["data-seq"]), "author": given["data-author"], "id": given["data-client-id"]}
        if given["data-author"] == "system":
            line["text"] = ""
        self.lines.append({**line, "private": private})

    def _landmark(self, given: dict[str, str], classes: list[str]) -> None:
        for name, value in given.items():
            if name.startswith("data-"):
                self.marks[name.removeprefix("data-").removeprefix("sc-thread-").removesuffix("-value")] = value
        if "shopchat-older" in classes:
            self.marks["older"] = re.search(r"before=(\d+)", given["hx-get"])[1]
        if "sc-log__older" in classes:
            self.marks["older"] = "" if "hidden" in given else "1"
