"""How often and when people of a site may be approached."""

from shopchat.inboxes.models import Inbox
from shopchat.touches.models import TouchRules


def rules_of(inbox: Inbox) -> TouchRules:
    """The site's rules, the unsaved defaults where nobody has set any."""
    return TouchRules.objects.filter(inbox=inbox).first() or TouchRules(inbox=inbox)
