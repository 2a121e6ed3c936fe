"""A client in a process of its own that writes: each connection is one customer who sends as soon as it was answered.

Takes the customers on standard input: ``[{"path", "headers": {...}, "fields": {...}}, …]``. Every message has an id and a
text of its own.
"""

import argparse
import asyncio
import json
import sys
import time
import uuid
from typing import Any
from urllib.parse import urlencode

TEXT = "Do the boots come in 46, and how long does it take to Lviv? " * 5  # 300 characters


async def customer(host: str, port: int, asks: dict[str, Any], until: float) -> tuple[int, int]:
    """How many answers came until then, and how many of them were not 201."""
    reader, writer = await asyncio.open_connection(host, port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in asks["headers"].items())
    head = f"POST {asks['path']} HTTP/1.1\r\nHost: {host}\r\n{lines}"
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    answered = wrong = 0
    while time.monotonic() < until:
        body = urlencode({**asks["fields"], "text": TEXT, "client_id": uuid.uuid4().hex})
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        await reader.readexactly(int(answer.partition("content-length: ")[2].partition("\r\n")[0]))
        answered += 1
        wrong += " 201 " not in answer.partition("\r\n")[0]
    writer.close()
    return answered, wrong


async def measure(options: argparse.Namespace, customers: list[dict[str, Any]]) -> dict[str, float]:
    begin, cpu = time.monotonic(), time.process_time()
    tasks = [customer(options.host, options.port, asks, begin + options.seconds) for asks in customers]
    results = await asyncio.gather(*tasks)
    seconds = time.monotonic() - begin
    return {
        "answered": sum(answered for answered, _wrong in results),
        "wrong": sum(wrong for _answered, wrong in results),
        "seconds": seconds,
        "client_cpu": (time.process_time() - cpu) / seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=1.5)
    print(json.dumps(asyncio.run(measure(parser.parse_args(), json.load(sys.stdin)))))
