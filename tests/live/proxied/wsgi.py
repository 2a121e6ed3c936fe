from django.core.wsgi import get_wsgi_application

from shopchat.wsgi import with_live

application = with_live(get_wsgi_application())
