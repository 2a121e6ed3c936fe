"""django-eventstream as its documentation sets it up, without a database, behind the standard middleware."""

import django
from django.conf import settings

from benchmarks.live.references.wire import EVERYONE

if not settings.configured:
    settings.configure(
        SECRET_KEY="only for measuring, as long as a real one would be",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_eventstream"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    django.setup()

from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django_eventstream import send_event

count = 0


@csrf_exempt
def publish(request: HttpRequest) -> HttpResponse:
    """Send one event to everybody."""
    global count  # noqa: PLW0603 a site of one process
    count += 1
    send_event(EVERYONE, "message", {"topics": {EVERYONE: str(count)}})
    return HttpResponse(status=204)


urlpatterns = [
    path("stream/", include("django_eventstream.urls"), {"channels": [EVERYONE]}),
    path("publish/", publish),
]
application = get_asgi_application()
