"""An SMTP server for one test: it says what it is told to say, and hangs up where it is told to."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HANG_UP = "hang up"
SILENCE = "silence"
GOOD = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "TEXT": "250 taken", "QUIT": "221 bye"}


class SmtpServer:
    """``answers`` replaces what is said to a command; ``TEXT`` stands for the end of the message."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = {**GOOD, **answers}
        self.taken: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in accept
        self._socket.close()

    def _serve(self) -> None:
        try:
            connection, _address = self._socket.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as stream, suppress(OSError, ValueError):
            self._talk(stream)

    def _talk(self, stream) -> None:
        if not self._say(stream, self.answers.get("HELLO", "220 here")):
            return
        while line := stream.readline().decode():
            command = line.split()[0].upper()
            if command == "EHLO":
                stream.write(b"250 shop.test\r\n")
                stream.flush()
                continue
            if not self._say(stream, self.answers.get(command, "250 ok")):
                return
            if command == "DATA" and self.answers["DATA"].startswith("354"):
                text = "".join(iter(lambda: stream.readline().decode(), ".\r\n"))
                self.taken.append(text)
                if not self._say(stream, self.answers["TEXT"]):
                    return

    def _say(self, stream, answer: str) -> bool:
        if answer == SILENCE:
            self._over.wait(10)
        if answer in (SILENCE, HANG_UP):
            return False
        stream.write(f"{answer}\r\n".encode())
        stream.flush()
        return True


@contextmanager
def smtp_server(**answers: str) -> Iterator[SmtpServer]:
    server = SmtpServer(answers)
    try:
        yield server
    finally:
        server.close()
