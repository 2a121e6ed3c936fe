"""The how-to guide about a store of one's own, word for word."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from shopchat.stores.base import State
from shopchat.stores.reading import configured_store
from tests.stores.contract import StoreContract
from tests.stores.contract_abilities import FindsIdleContract, FindsOrdersContract

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "own-store.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
MODELS, ADAPTER, CARTS, SETTING, CONTRACT = BLOCKS


def run(source, name, **known):
    module = sys.modules[name] = ModuleType(name)
    vars(module).update(known)
    exec(compile(source, str(GUIDE), "exec"), vars(module))
    return module


run("", "myshop")
models = run(MODELS, "myshop.models")
chat = run(ADAPTER, "myshop.chat")
carts = run(CARTS, "myshop.carts")
tests = run(
    CONTRACT,
    "myshop.tests",
    **{name: getattr(models, name) for name in ("Product", "Cart", "Order")},
    MyStoreWithCarts=carts.MyStoreWithCarts,
    ref_of=chat.ref_of,
    token_of=chat.token_of,
    State=State,
    StoreContract=StoreContract,
    FindsIdleContract=FindsIdleContract,
    FindsOrdersContract=FindsOrdersContract,
    User=get_user_model(),
    HttpResponse=HttpResponse,
    timezone=timezone,
)
TABLES = [models.Product, models.Cart, models.CartItem, models.Order]


@pytest.fixture(scope="module", autouse=True)
def _tables(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in TABLES:
            editor.create_model(model)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for model in reversed(TABLES):
            editor.delete_model(model)


class TestMyStore(tests.TestMyStore):
    def remove_basket(self, ref):
        # Django cascades within installed apps only, and the guide's models are in none.
        models.CartItem.objects.filter(cart__token=ref.removeprefix("myshop:")).delete()
        super().remove_basket(ref)

    if connection.vendor == "sqlite":
        test_case_does_not_matter_in_any_script = None  # the guide says so


def test_the_adapter_is_as_short_as_promised():
    assert len([line for line in ADAPTER.splitlines() if line.strip()]) <= 60
    assert len([line for line in CARTS.splitlines() if line.strip()]) <= 30


def test_the_setting_of_the_guide_makes_the_store(settings):
    exec(SETTING, values := {})
    settings.SHOPCHAT = values["SHOPCHAT"]

    assert configured_store().key == "myshop"
