"""The benchmarks of streams, at a size of seconds, and the judge of what they lose. Nothing here is timed."""

import pytest

from benchmarks.lossless.judging import Verdict, judge
from tests.test_benchmarks import measured, quick


@pytest.mark.slow
def test_live_measures_streams_beside_other_ways_and_over_a_database():
    figures = measured(quick("live"))

    assert {name for name in figures if name.startswith("delivery, 1 of 60 streams")}
    memory = figures["memory of an idle stream, 60 streams"]
    assert memory["value"] > 0
    assert figures["204 poll answered by the edge"]["value"] > 0
    assert any(name.startswith("delivery after the answer to the POST, SQLite") for name in figures)
    assert figures["lost without any hint"]["value"] == 0


@pytest.mark.slow
def test_lossless_loses_nothing_and_says_what_it_received():
    figures = measured(quick("lossless"))

    on_sqlite = {name.partition(",")[0]: figure for name, figure in figures.items() if ", SQLite, " in name}
    assert [on_sqlite[name]["value"] for name in ("lost", "double", "out of order")] == [0, 0, 0]
    assert on_sqlite["received"]["value"] == on_sqlite["received"]["reference"] > 200


COMMITTED = {"a": "1", "b": "1", "c": "2"}


def test_a_reader_who_saw_everything_once_and_in_order_is_found_to_have_done_so():
    verdict = judge(COMMITTED, {"1": [(1, "a"), (3, "b")], "2": [(1, "c")]})

    assert verdict == Verdict(sent=3, received=3, lost=0, double=0, disordered=0, never_written=0, misplaced=0)


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        ({"1": [(1, "a")], "2": [(1, "c")]}, "lost"),
        ({"1": [(1, "a"), (1, "a"), (3, "b")], "2": [(1, "c")]}, "double"),
        ({"1": [(3, "b"), (1, "a")], "2": [(1, "c")]}, "disordered"),
        ({"1": [(1, "a"), (2, "taken back"), (3, "b")], "2": [(1, "c")]}, "never_written"),
        ({"1": [(1, "a"), (3, "b"), (4, "c")], "2": []}, "misplaced"),
    ],
)
def test_each_fault_of_a_reader_is_told_by_its_name(seen, fault):
    verdict = judge(COMMITTED, seen)

    found = {name for name in ("lost", "double", "disordered", "never_written", "misplaced") if getattr(verdict, name)}
    assert found == {fault}
