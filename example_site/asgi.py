import os
import warnings

from django.core.asgi import get_asgi_application

from shopchat.asgi import with_live

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_site.settings")

# Files are served by a sync middleware; Django reads them whole, which is what a demo needs.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")

application = with_live(get_asgi_application())
