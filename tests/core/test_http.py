"""The door to other people's services."""

import logging
import socket
import traceback
from contextlib import suppress

import pytest
import requests

from shopchat.core import http
from shopchat.core.http import NoAnswer
from tests.telephony.provider_server import ProviderServer

SECRET = "380441234567"


@pytest.fixture
def server(monkeypatch):
    """One that answers at once or not at all."""
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(http, "BODY_SECONDS", 0.4)
    with ProviderServer() as server:
        yield server


def failure(*args, **kwargs) -> NoAnswer:
    with pytest.raises(NoAnswer) as caught:
        http.send("GET", *args, **kwargs)
    return caught.value


@pytest.fixture
def named(monkeypatch):
    """Names that the resolver knows in this test only."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], int(port or 0)))]
        if host and host.endswith(".test"):
            raise socket.gaierror("no such name")
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def test_a_question_is_answered(server):
    server.says(200, b'{"taken": true}')

    answer = http.send("POST", f"{server.url}/calls", form={"To": SECRET}, headers={"X-A": "b"}, is_private=True)

    assert (answer.status, answer.is_ok(), answer.json()) == (200, True, {"taken": True})
    asked = server.asked[0]
    assert (asked.method, asked.path, asked.form) == ("POST", "/calls", {"To": [SECRET]})
    assert (asked.headers["X-A"], asked.headers["User-Agent"]) == ("b", "shopchat")


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 50_000])
def test_what_is_no_object_is_an_empty_one(body):
    assert http.Answer(200, body).json() == {}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://pbx.example.com/",
        "https://",
        "https://user:word@pbx.example.com/",
        "https://pbx.example.com:99999/",
        "https://[::1/",
        "http://pbx.example.com/",
    ],
)
def test_an_address_that_is_none_is_not_spoken_to(url):
    error = failure(url)

    assert (error.code, error.reached) == ("bad_url", False)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.5", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
)
def test_the_shops_own_network_is_closed(named, address):
    named["pbx.test"] = address

    error = failure("https://pbx.test/")

    assert (error.code, error.reached) == ("forbidden_address", False)


@pytest.mark.parametrize(
    "url", ["https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/"]
)
def test_it_is_closed_in_ipv6_too(url):
    assert failure(url).code == "forbidden_address"


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "224.0.0.1", "0.0.0.0"])
def test_addresses_at_which_nothing_of_the_shop_is_stay_closed(named, address):
    named["pbx.test"] = address

    assert failure("http://pbx.test:8088/", is_private=True).code == "forbidden_address"


@pytest.mark.parametrize("host", ["fd00:ec2::254", "fd00:0ec2:0:0::0254", "::ffff:100.100.100.200", "fe80::1"])
def test_they_stay_closed_in_ipv6_too(host):
    assert failure(f"http://[{host}]:8088/", is_private=True).code == "forbidden_address"


def test_their_neighbours_may_be_the_shops(monkeypatch):
    monkeypatch.setattr(http, "_ask", lambda *args, **kwargs: http.Answer(200, b""))

    for host in ("[fd00:ec2::253]", "100.100.100.201", "[::1]", "127.0.0.1"):
        assert http.send("GET", f"http://{host}:8088/", is_private=True).is_ok()


def test_it_can_be_opened_for_one_call(server, named):
    named["pbx.test"] = "127.0.0.1"
    server.says(200)

    assert http.send("GET", server.url.replace("127.0.0.1", "pbx.test"), is_private=True).is_ok()


@pytest.mark.parametrize("is_private", [False, True])
def test_a_name_that_nobody_knows_is_no_connection(named, is_private):
    error = failure("https://nobody.test/", is_private=is_private)

    assert (error.code, error.reached) == ("no_connection", False)


def test_nobody_listening_is_no_connection(server):
    server.close()

    error = failure(server.url, is_private=True)

    assert (error.code, error.reached) == ("no_connection", False)


@pytest.mark.parametrize("how", ["hangs", "hangs_up"])
def test_a_lost_answer_may_have_been_taken(server, how):
    getattr(server, how)()

    error = failure(server.url, is_private=True)

    assert (error.code, error.reached, len(server.asked)) == ("lost_answer", True, 1)


def test_whatever_goes_wrong_below_is_a_lost_answer(server, monkeypatch):
    def broken(raw):
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(http, "_body", broken)
    server.says(200)

    error = failure(server.url, is_private=True)

    assert (error.code, error.reached, error.__context__) == ("lost_answer", True, None)


def test_a_redirect_is_an_answer_and_not_an_order(server):
    server.says(302, b"", Location=f"{server.url}/elsewhere")

    assert http.send("GET", server.url, is_private=True).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize("how", ["too long", "too slow", "broken off"])
def test_a_body_that_cannot_be_read_counts_as_empty(server, how):
    if how == "too long":
        server.says(200, b" " * (http.MAX_BYTES + 1))
    elif how == "too slow":
        server.dribbles()
    else:
        server.says(200, b"{", **{"Content-Length": "10"})

    answer = http.send("GET", server.url, is_private=True)

    assert (answer.status, answer.body) == (200, b"")


def test_a_proxy_of_the_environment_is_not_asked(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    server.says(200)

    assert http.send("GET", server.url, is_private=True).is_ok()


@pytest.mark.parametrize("headers", [{"X-A": "one\r\nX-B: two"}, {"X-A\n": "1"}])
def test_a_header_that_would_be_two_is_not_sent(server, headers):
    server.says(200)

    error = failure(server.url, headers=headers, is_private=True)

    assert (error.code, error.reached, server.asked) == ("bad_url", False, [])


@pytest.mark.parametrize("how", ["close", "hangs", "hangs_up"])
def test_what_went_wrong_is_left_behind(server, how):
    getattr(server, how)()

    error = failure(f"{server.url}/{SECRET}", query={"to": SECRET}, is_private=True)

    assert (error.__cause__, error.__context__) == (None, None)
    assert SECRET not in "".join(traceback.format_exception(error))


def test_the_libraries_below_log_no_address(server, caplog):
    server.says(200)

    with caplog.at_level(logging.DEBUG):
        requests.get(f"{server.url}/?to={SECRET}", timeout=5)
        before = caplog.text
        caplog.clear()
        http.send("GET", server.url, query={"to": SECRET}, is_private=True)

    assert SECRET in before  # so they would
    assert SECRET not in caplog.text
    assert server.asked[1].query == {"to": [SECRET]}


def test_an_untrusted_certificate_is_named(monkeypatch, named):
    named["pbx.test"] = "127.0.0.1"
    with TlsServer() as port:
        error = failure(f"https://pbx.test:{port}/", is_private=True)

    assert (error.code, error.reached) == ("no_trust", False)


class TlsServer:
    """With a certificate that nobody has signed."""

    def __enter__(self) -> int:
        import ssl
        import tempfile
        import threading

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(_certificate())
            file.flush()
            context.load_cert_chain(file.name)
        self._socket = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):  # the other side does not believe us
                context.wrap_socket(connection, server_side=True).close()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        return self._socket.getsockname()[1]

    def __exit__(self, *args: object) -> None:
        self._thread.join(5)
        self._socket.close()


def _certificate() -> bytes:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pbx.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
