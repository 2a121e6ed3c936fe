import os

from django.core.wsgi import get_wsgi_application

from shopchat.wsgi import with_live

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings")

application = with_live(get_wsgi_application())
