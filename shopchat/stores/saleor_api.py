"""Asking Saleor's GraphQL API: one address, from the settings alone; bounded in time; left alone for a while after it failed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache
from django.views.decorators.debug import sensitive_variables

from shopchat.core import http
from shopchat.core.tokens import digest

# Whoever waits for the next answer is an operator.
RESTS_SECONDS = 30


class NoSaleor(Exception):
    """Saleor gave no answer that can be used. ``code`` is a word of ours or of its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Api:
    """One Saleor. ``is_private``: it runs in the shop's own network, and may be spoken to without TLS."""

    def __init__(self, url: str, token: str, *, is_private: bool) -> None:
        self.url, self._token, self._is_private = url, token, is_private
        self._resting = f"shopchat:saleor:resting:{digest(url)}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @sensitive_variables()
    def ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer's ``data``. Raises :class:`NoSaleor`."""
        answer = self._send("POST", self.url, json={"query": query, "variables": dict(variables)}, token=self._token)
        value = answer.json()
        if value.get("errors"):
            raise NoSaleor(_code(value["errors"]))
        data = value.get("data")
        if not answer.is_ok() or not isinstance(data, dict):
            raise NoSaleor(f"http_{answer.status}")
        return data

    def jwks(self) -> list[Mapping[str, Any]]:
        """The public keys with which this Saleor signs. Raises :class:`NoSaleor`."""
        answer = self._send("GET", f"{self.origin}/.well-known/jwks.json")
        keys = answer.json().get("keys")
        if not answer.is_ok() or not isinstance(keys, list):
            raise NoSaleor("no_keys")
        return [key for key in keys if isinstance(key, dict)]

    @sensitive_variables()
    def _send(self, method: str, url: str, *, json: Mapping[str, Any] | None = None, token: str = "") -> http.Answer:
        if cache.get(self._resting):
            raise NoSaleor("resting")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = http.send(method, url, json=json, headers=headers, is_private=self._is_private)
        except http.NoAnswer as silence:
            failed = silence.code
        else:
            if answer.status < 500:
                return answer
            failed = f"http_{answer.status}"
        cache.set(self._resting, 1, RESTS_SECONDS)
        raise NoSaleor(failed)


def _code(errors: Any) -> str:
    """Saleor's own word; its sentences may quote what was asked."""
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    exception = extensions.get("exception") if isinstance(extensions, dict) else None
    code = exception.get("code") if isinstance(exception, dict) else None
    return str(code)[:40] if code else "refused"
