"""For WSGI servers: ``application = shopchat.wsgi.with_live(get_wsgi_application())``.

Optional. Without it the poll is an ordinary Django view, which is right but passes through the host's middleware.
"""

from functools import cache

from django.urls import reverse

from shopchat.live.wrapping import WSGIApplication, wrap_wsgi


def with_live(application: WSGIApplication) -> WSGIApplication:
    """The application with polls answered before Django's middleware. Takes and returns a WSGI application."""
    return wrap_wsgi(application, path=cache(lambda: reverse("shopchat:poll")))
