import pytest
from django.test import override_settings

from shopchat.carts import observing
from shopchat.stores.memory import MemoryStore
from tests.carts.left import MEMORY, Left, euros


@pytest.fixture
def memory():
    """The configured shop is the one in memory."""
    with override_settings(SHOPCHAT=MEMORY):
        yield


@pytest.fixture
def left(db, memory):
    scene = Left()
    yield scene
    scene.shop.clear()


@pytest.fixture
def left_by_account(db, memory):
    scene = Left(signed_in=True)
    yield scene
    scene.shop.clear()


@pytest.fixture
def shop(memory, monkeypatch):
    """A shop in memory that we listen to; what follows a commit follows at once."""
    monkeypatch.setattr(observing, "after_commit", observing._quietly)
    store = MemoryStore()
    store.clear()
    observing.connect()
    yield store
    store.clear()


@pytest.fixture
def tent(shop):
    return shop.add_product("Tent", price=euros("199.00"))
