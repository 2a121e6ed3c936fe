"""The events that all references send, of the form of shopchat's own."""

from collections import defaultdict

EVERYONE = "everyone"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n\r\n"
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


class Counter:
    """How often each topic was published."""

    def __init__(self) -> None:
        self.counts: defaultdict[str, int] = defaultdict(int)

    def next(self, topic: str) -> bytes:
        self.counts[topic] += 1
        return self.first(topic)

    def first(self, topic: str) -> bytes:
        count = self.counts[topic]
        return b'id: %d\ndata: {"topics": {"%s": "%d"}}\n\n' % (count, topic_name(topic).encode(), count)


def topic_name(topic: str) -> str:
    """``17`` stands for a conversation; ``everyone`` is itself."""
    return EVERYONE if topic == EVERYONE else f"conversation.{topic}"
