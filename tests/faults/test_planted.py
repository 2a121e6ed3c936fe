"""A bug put into the running site is caught, by the rule that is there for it."""

import pytest

from tests.faults.driver import run
from tests.faults.planted.catalogue import CATALOGUE, Planted
from tests.faults.running import Wanted

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("planted", CATALOGUE, ids=lambda planted: f"{planted.name}-{planted.rule}")
def test_a_planted_bug_is_caught_by_its_rule(planted: Planted):
    rules: set[str] = set()

    # A bug that needs two things to happen at once may be lucky for once; it is not three times.
    for seed in (3, 4, 5):
        wanted = Wanted(
            plant=planted.name, seed=seed, habit=planted.habit, layout=planted.layout, worker=planted.worker
        )
        result = run(wanted, faults=planted.faults, only=planted.only, grace=planted.grace, calm=planted.calm)
        rules |= result.rules()
        if planted.rule in rules:
            break

    assert planted.rule in rules
