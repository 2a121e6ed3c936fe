"""Who asks: Salesman's rows do not know the request that changes them, so a middleware remembers it meanwhile."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

FEW = 10


@dataclass(frozen=True)
class Asking:
    """A request and the baskets that it has to do with, by their rows; those of a page that lists many are of no use."""

    request: HttpRequest
    baskets: dict[Any, Any] = field(default_factory=dict)

    def meet(self, basket: Any) -> None:
        if basket.pk and len(self.baskets) < FEW:
            self.baskets[basket.pk] = basket


_asking: ContextVar[Asking | None] = ContextVar("shopchat.stores.salesman", default=None)


def asking_now() -> Asking | None:
    """What is being answered; ``None`` outside a request, and without the middleware."""
    return _asking.get()


@contextmanager
def asking(request: HttpRequest) -> Iterator[None]:
    """Meanwhile it is ``request`` that is being answered."""
    token = _asking.set(Asking(request))
    try:
        yield
    finally:
        _asking.reset(token)


@sync_and_async_middleware
def remember_request(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """For ``MIDDLEWARE``, after ``AuthenticationMiddleware``. Asks nothing and answers nothing itself."""
    if iscoroutinefunction(get_response):
        awaited = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", get_response)

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            with asking(request):
                return await awaited(request)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        with asking(request):
            return cast("HttpResponseBase", get_response(request))

    return answer
