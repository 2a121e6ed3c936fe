"""A client in a process of its own: keep-alive connections that ask again as soon as they are answered."""

import argparse
import asyncio
import json
import time


async def connection(host: str, port: int, request: bytes, until: float, wanted: bytes) -> tuple[int, int]:
    """How many answers came until then, and how many of them were not ``wanted``."""
    reader, writer = await asyncio.open_connection(host, port)
    answered = wrong = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        answered += 1
        wrong += wanted not in head.split(b"\r\n", 1)[0]
    writer.close()
    return answered, wrong


async def measure(options: argparse.Namespace) -> dict[str, float]:
    headers = "".join(f"{line}\r\n" for line in options.header)
    request = f"GET {options.path} HTTP/1.1\r\nHost: {options.host}\r\n{headers}\r\n".encode()
    begin, cpu = time.monotonic(), time.process_time()
    until = begin + options.seconds
    tasks = [
        connection(options.host, options.port, request, until, options.status.encode())
        for _ in range(options.connections)
    ]
    results = await asyncio.gather(*tasks)
    seconds = time.monotonic() - begin
    return {
        "rate": sum(answered for answered, _ in results) / seconds,
        "wrong": sum(wrong for _, wrong in results),
        "client_cpu": (time.process_time() - cpu) / seconds,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--status", default="204")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=1.5)
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))
