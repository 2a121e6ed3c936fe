from django.core.asgi import get_asgi_application

from shopchat.asgi import with_live

application = with_live(get_asgi_application())
