"""Twenty faults on a running site, and no promise is broken. ``SHOPCHAT_TEST_DB`` names the database."""

import os

import pytest

from tests.faults.__main__ import show
from tests.faults.databases import can_run
from tests.faults.driver import run
from tests.faults.running import Wanted

DATABASE = os.environ.get("SHOPCHAT_TEST_DB", "sqlite")
SEED = int(os.environ.get("SHOPCHAT_FAULTS_SEED", "7"))

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.skipif(not can_run(DATABASE), reason=f"no programs of {DATABASE} on this machine")
def test_twenty_faults_break_no_promise():
    # On one of the databases with Redis, which is then killed, too.
    redis = DATABASE == "postgres" and can_run("redis")

    result = run(Wanted(database=DATABASE, redis=redis, seed=SEED), faults=20)

    show(result)
    assert result.is_clean, f"seed {SEED}: {result.violations[:10]} {result.problems}"
