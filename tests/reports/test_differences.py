"""The interval of a difference, against figures that were published."""

import pytest

from shopchat.reports.differences import Answer, difference, newcombe, people_needed, wilson
from shopchat.reports.shares import Share

# Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10 (score without continuity correction).
PUBLISHED = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((0, 10), (0, 10), (-0.2775, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0000)),
    ((10, 10), (0, 10), (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("first", "second", "expected"), PUBLISHED)
def test_the_published_intervals_of_a_difference(first, second, expected):
    assert newcombe(Share(*first), Share(*second)) == pytest.approx(expected, abs=0.00006)


# Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Share(81, 263), (0.2553, 0.3662)),
        (Share(15, 148), (0.0624, 0.1605)),
        (Share(0, 20), (0, 0.1611)),
        (Share(1, 29), (0.0061, 0.1718)),
    ],
)
def test_the_published_intervals_of_one_proportion(share, expected):
    assert wilson(share) == pytest.approx(expected, abs=0.00006)


def test_a_clear_difference_is_said_with_its_interval():
    found = difference(Share(200, 1000), Share(10, 110))

    assert (found.answer, found.people_needed) == (Answer.MORE, 0)
    assert found.low > 0
    assert found.low < found.difference < found.high
    assert found.more_orders == 109


def test_reminders_may_also_do_harm():
    assert difference(Share(50, 1000), Share(30, 110)).answer is Answer.FEWER


@pytest.mark.parametrize(
    ("treated", "left_alone"),
    [
        ((5, 40), (0, 4)),
        ((40, 50), (0, 19)),
        ((12, 100), (1, 20)),
        ((0, 0), (0, 0)),
        ((3, 9), (0, 0)),
        ((0, 0), (1, 1)),
    ],
)
def test_too_few_people_say_nothing_and_it_is_told_how_many_more(treated, left_alone):
    found = difference(Share(*treated), Share(*left_alone))

    assert found.answer is Answer.CANNOT_SAY
    assert found.people_needed > 0


def test_so_many_that_a_difference_would_have_been_seen():
    found = difference(Share(3000, 30_000), Share(330, 3300))

    assert (found.answer, found.people_needed) == (Answer.NO_DIFFERENCE, 0)
    assert found.low < 0 < found.high


def test_how_many_are_needed_is_what_textbooks_say():
    """Groups of one size, 10 % against 20 %: 199 in each by the usual formula without pooling."""
    many = people_needed(Share(19_999, 99_998), Share(9_999, 99_998))

    assert many / 2 == pytest.approx(197, abs=3)


def test_nobody_yet_is_asked_for_no_more_than_the_usual_shop_needs():
    needed = difference(Share(0, 0), Share(0, 0)).people_needed

    assert 5_000 < needed < 12_000
