"""What a page or a fragment shows."""

import re
from html import unescape


def shown(response):
    """(seq, author, text) of each message in the answer, in order."""
    found = re.findall(
        r'<li class="shopchat-message[^>]*data-seq="(\d+)"[^>]*data-author="(\w+)".*?<div class="shopchat-bubble"[^>]*>(.*?)</div>',
        response.content.decode(),
        re.DOTALL,
    )
    return [(int(seq), author, unescape(text)) for seq, author, text in found]


def texts(response):
    return [text for _seq, _author, text in shown(response)]


def attribute(response, name):
    """The value of a data attribute of the state element."""
    state = re.search(r'<div id="shopchat-state"[^>]*>', response.content.decode())[0]
    found = re.search(rf'data-{name}="([^"]*)"', state)
    return found and found[1]
