"""The form of the benchmarks. What they measure is theirs alone: nothing here is timed."""

import json
import subprocess
import sys

import pytest

from benchmarks import table
from benchmarks.__main__ import NAMES
from benchmarks.report import Report
from tests.architecture.tree import ROOT

FORM = {"name", "value", "unit", "reference", "reference_name", "ratio", "goal", "ok"}


def test_the_command_lists_what_there_is():
    listed = subprocess.run([sys.executable, "-m", "benchmarks"], cwd=ROOT, capture_output=True, text=True, check=True)

    lines = [line.split(": ", 1) for line in listed.stdout.splitlines()]
    assert [name for name, _purpose in lines] == list(NAMES)
    assert all(purpose for _name, purpose in lines)


def test_an_unknown_name_is_refused_with_the_known_ones():
    refused = subprocess.run([sys.executable, "-m", "benchmarks", "pooling"], cwd=ROOT, capture_output=True, text=True)

    assert refused.returncode == 2
    assert "polling" in refused.stderr


def test_a_figure_is_the_median_of_ratios_of_neighbours():
    report = Report("x")

    report.compare("fast", "1/s", [10, 30, 20], "slow", [10, 10, 10], least=1.5)

    (figure,) = report.as_dict()["figures"]
    assert (figure["ratio"], figure["lowest"], figure["highest"]) == (2, 1, 3)
    assert figure["ok"] is True


@pytest.mark.parametrize(
    ("goal", "ok"),
    [({"least": 2.5}, False), ({"least": 2}, True), ({"most": 2}, True), ({"most": 1.5}, False), ({}, True)],
)
def test_a_missed_goal_is_told(goal, ok):
    compared, measured = Report("x"), Report("x")
    compared.compare("fast", "1/s", [20, 20], "slow", [10, 10], **goal)
    measured.measure("fast", "1/s", [2, 2], **goal)

    for report in (compared, measured):
        assert (report.ok, report.missed) == (ok, not ok)
        assert ("MISSED" in report.as_text()) is not ok


def test_what_was_not_run_is_neither_reached_nor_missed():
    report = Report("x")
    report.measure("lost", "messages", 0, most=0)
    assert report.ok

    report.not_run("lost with Redis", "Redis does not answer")

    assert (report.ok, report.missed) == (False, False)
    assert report.as_dict()["figures"][1]["ok"] is None


def test_a_run_that_is_not_to_be_believed_is_not_ok():
    report = Report("x")
    report.measure("lost", "messages", 0, most=0)
    assert report.ok

    report.fault("3 answers never came")

    assert (report.ok, report.missed) == (False, True)
    assert "3 answers never came" in report.as_text()


def test_the_table_replaces_only_what_stands_between_its_marks(tmp_path):
    report = Report("x")
    report.compare("fast", "1/s", [20.0], "slow", [10.0], least=3)
    report.measure("lost", "messages", 0, most=0)
    report.not_run("with Redis", "Redis does not answer")
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BEGIN}old{table.END}\nafter\n")

    table.write(page, [report.as_dict() | {"measured_on": "2026-11-22", "quick": False}])

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| fast | 20 1/s | slow: 10 | 2 (2–2) | at least 3 | **missed** |" in text
    assert "| lost | 0 messages |  |  | at most 0 | reached |" in text
    assert "not run: Redis does not answer" in text


def quick(name):
    """The JSON object of a short run."""
    command = [sys.executable, "-m", "benchmarks", name, "--json", "--quick"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode in (0, 1, 3), ended.stderr
    result = json.loads(ended.stdout)
    assert result["name"] == name
    assert result["faults"] == []
    assert all(set(figure) >= FORM for figure in result["figures"])
    return result


def measured(result):
    """The figures that were measured, by name."""
    return {figure["name"]: figure for figure in result["figures"] if not figure["not_run"]}


@pytest.mark.slow
def test_polling_measures_the_poll_beside_two_references():
    figures = quick("polling")["figures"]

    assert [figure["reference_name"] for figure in figures[:2]] == ["empty Django view", "bare WSGI"]
    assert all(figure["value"] > 0 for figure in figures[:2])


@pytest.mark.slow
def test_messages_are_stored_as_often_as_they_were_confirmed():
    figures = measured(quick("messages"))

    assert figures["message, SQLite"]["value"] > 0
    assert figures["statements of the write, SQLite"]["value"] <= 4
    assert figures["commits, SQLite"]["value"] == 1


@pytest.mark.slow
def test_scale_asks_what_the_product_asks():
    figures = measured(quick("scale"))

    assert any("desk list closed" in name for name in figures)
    assert any("deliveries that are due" in name for name in figures)
    assert all(figure["value"] > 0 for figure in figures.values())


@pytest.mark.slow
def test_the_queue_of_callbacks_asks_no_more_of_a_full_database():
    figures = measured(quick("callbacks"))

    more = {name: figure["value"] for name, figure in figures.items() if name.endswith("more queries")}
    assert {name.split(": ")[1].removesuffix(", more queries") for name in more} >= {"queue", "finished", "badge"}
    assert set(more.values()) == {0}
    assert all(figure["value"] > 0 for name, figure in figures.items() if name not in more)


@pytest.mark.slow
def test_baskets_cost_an_order_little_and_the_catalogue_nothing():
    figures = measured(quick("carts"))

    assert figures["200: an order adds to a checkout"]["value"] <= 3
    assert figures["200: queries to our tables on a page of the catalogue"]["value"] == 0


@pytest.mark.slow
def test_jobs_lose_and_double_nothing_when_the_worker_is_killed():
    figures = measured(quick("jobs"))

    assert figures["effects lost, of 12 in 1 runs"]["value"] == 0
    assert figures["effects doubled, of 12 in 1 runs"]["value"] == 0


@pytest.mark.slow
def test_the_tag_costs_the_shops_pages_no_query_and_no_header():
    figures = measured(quick("host"))

    assert len([name for name in figures if name.endswith("more queries")]) == 12
    assert all(figure["ok"] for figure in figures.values())


@pytest.mark.browser
def test_the_widget_is_weighed_in_a_browser():
    figures = measured(quick("widget"))

    assert figures["requests before opening"]["value"] == 1
    assert figures["requests after opening"]["value"] > 1
    assert figures["bytes before opening, gzip"]["value"] > 1000
    assert figures["layout shift"]["value"] == 0
