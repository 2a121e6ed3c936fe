import pytest

from shopchat.core import http
from tests.telephony.provider_server import ProviderServer


@pytest.fixture
def server(monkeypatch):
    """A provider that answers at once or not at all."""
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(http, "BODY_SECONDS", 0.4)
    with ProviderServer() as server:
        yield server
