"""Making a back end from its part of the ``SHOPCHAT`` setting, shaped like Django's ``CACHES``."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

T = TypeVar("T")
KEYS = ("BACKEND", "OPTIONS")


def load(config: Mapping[str, Any], base: type[T]) -> T:
    """An instance of ``config["BACKEND"]``, a subclass of ``base``, made with ``config["OPTIONS"]``.

    Raises ``ImproperlyConfigured`` that says what to change.
    """
    unknown = sorted(str(key) for key in config if key not in KEYS)
    if unknown:
        raise ImproperlyConfigured(
            f"Unknown key {', '.join(unknown)} beside BACKEND ({config.get('BACKEND')!r}). "
            f"Only {' and '.join(KEYS)} belong there; what a back end takes goes into OPTIONS."
        )
    backend = _import(config.get("BACKEND"), base)
    options = config.get("OPTIONS", {})
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f"OPTIONS of {_path(backend)} must be a dict.")
    return _make(backend, options)


def load_once(config: Mapping[str, Any], base: type[T]) -> T:
    """The same instance for every configuration that says the same, made by :func:`load` for the first of them."""
    made: T = _made(_Config(config), base)  # type: ignore[arg-type]  # a class has a hash
    return made


class _Config:
    """A configuration by which to remember what was made of it; OPTIONS may hold what has no hash."""

    def __init__(self, config: Mapping[str, Any]):
        self.config = config
        self.key = repr(sorted(config.items(), key=repr))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Config) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@cache
def _made(config: _Config, base: type[Any]) -> Any:
    return load(config.config, base)


def _import(path: object, base: type[T]) -> type[T]:
    if not isinstance(path, str) or not path:
        raise ImproperlyConfigured(f"BACKEND is missing: set it to the dotted path of a subclass of {_path(base)}.")
    try:
        backend = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"BACKEND {path!r} cannot be imported: {error}. Look for a typing error, or install the "
            "package that it needs."
        ) from error
    if not isinstance(backend, type) or not issubclass(backend, base):
        raise ImproperlyConfigured(f"BACKEND {path!r} is not a subclass of {_path(base)}.")
    missing = sorted(getattr(backend, "__abstractmethods__", ()))
    if missing:
        raise ImproperlyConfigured(f"BACKEND {path!r} cannot be used until it has: {', '.join(missing)}.")
    return backend


def _make(backend: type[T], options: Mapping[str, Any]) -> T:
    signature = inspect.signature(backend)
    try:
        signature.bind(**options)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "none"
        raise ImproperlyConfigured(f"OPTIONS of {_path(backend)} are wrong: {error}. It takes: {takes}.") from error
    return backend(**options)


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
