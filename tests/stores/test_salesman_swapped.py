"""Models of the shop's own in the place of Salesman's, which are chosen before a process starts."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

if not settings.WITH_SALESMAN:
    pytest.skip("the suite runs without Salesman", allow_module_level=True)


def test_a_basket_and_an_order_of_other_models():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.salesman_shop.swapped.settings"}
    command = [sys.executable, "-c", "import django; django.setup(); import tests.salesman_shop.swapped.story"]

    done = subprocess.run(command, capture_output=True, text=True, cwd=settings.BASE_DIR, env=environment)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "problems": [],
        "idle": [True],
        "restored": [2],
        "order": ["2 Mug"],
        "state": "ordered",
        "placed": [True],
        "touched": 2,
    }
