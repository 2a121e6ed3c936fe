"""The reference that loses: a reader who asks for every message with an id above the last one.

Prints what it saw as one JSON list once its standard input is closed.
"""

import json
import select
import sys
import time

from benchmarks.lossless.setting import set_up

set_up()

from shopchat.conversations.models import Message  # noqa: E402 settings come first

EVERY_SECONDS = 0.05
STILL_SECONDS = 1.0


def main() -> None:
    seen: list[str] = []
    last, until = 0, float("inf")
    while time.monotonic() < until:
        for pk, client_id in Message.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "client_id"):
            last = pk
            seen.append(client_id)
        if until == float("inf") and select.select([sys.stdin], [], [], 0)[0]:
            until = time.monotonic() + STILL_SECONDS
        time.sleep(EVERY_SECONDS)
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
