import pytest

from tests.conversations.outbox import outbox as open_outbox


@pytest.fixture
def outbox():
    with open_outbox() as box:
        yield box
