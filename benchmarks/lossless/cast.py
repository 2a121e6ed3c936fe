"""The conversations of this benchmark: made in the shop's database, printed with a ticket for each.

``python -m benchmarks.lossless.cast 64``
"""

import json
import sys

from benchmarks.lossless.setting import set_up

set_up()

from django.contrib.auth import get_user_model  # noqa: E402 settings come first

from shopchat.contacts.models import Contact  # noqa: E402
from shopchat.conversations import hints  # noqa: E402
from shopchat.conversations.starting import start  # noqa: E402
from shopchat.inboxes.finding import inbox_for  # noqa: E402
from shopchat.live import tickets  # noqa: E402
from shopchat.operators.models import Operator  # noqa: E402

if __name__ == "__main__":
    user = get_user_model().objects.create(username="operator")
    Operator.objects.create(user=user, public_name="Anna")
    made = {}
    for _ in range(int(sys.argv[1])):
        number = start(Contact.objects.create(), inbox_for("127.0.0.1"), language="en").number
        made[number] = tickets.issue([hints.for_contact(number), hints.typing(number, by="operator")])
    print(json.dumps(made))
