import os

from django.core.asgi import get_asgi_application

from shopchat.asgi import with_live

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.site.settings")

application = with_live(get_asgi_application())
