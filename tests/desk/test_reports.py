"""The report of callback requests: who sees what, what can be asked for, and the file."""

import asyncio
import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.handlers.asgi import ASGIRequest
from django.urls import reverse
from wagtail.users.models import UserProfile

from shopchat.core.csv_cells import BOM
from shopchat.desk import csv_files
from shopchat.desk.csv_files import csv_file
from shopchat.desk.reporting import week_rows
from shopchat.reports.callbacks import Week
from tests.desk.conftest import signed_in
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    CallbackRulesFactory,
    InboxFactory,
    OperatorFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PAGE, FILE = "shopchat_desk:callback_report", "shopchat_desk:callback_report_csv"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def asked(days_ago=1, *, by=None, outcome="talked", **fields):
    at = NOW - timedelta(days=days_ago)
    called = {"first_attempt_at": at, "reached_at": at if outcome == "talked" else None} if by else {}
    request = CallbackRequestFactory(created_at=at, due_at=at, outcome=outcome if by else "", **called, **fields)
    if by:
        CallAttemptFactory(request=request, operator=by, outcome=outcome, started_at=at)
    return request


def words(response):
    """What can be read on the page, without the markup."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode().partition('class="sc-report"')[2])
    return " ".join(text.split())


def supervisor(*more):
    """May enter the admin and see the shop's figures; does not answer customers."""
    user = UserFactory()
    codenames = ("access_admin", "supervise_callbacks", *more)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return user


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    assert text.startswith(BOM)
    delimiter = ";" if text.split("\r\n")[0].count(";") > 5 else ","
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=delimiter))


def test_the_page_says_the_figures_with_how_many_they_are_of(owner, anna):
    for outcome in ("talked", "talked", "talked", "no_answer"):
        asked(by=anna, outcome=outcome, page="/boots/")

    text = words(owner.get(reverse(PAGE)))

    assert re.search(r"Requests that came in from .* 2026 to .* 2026, by the time of \S+\. Download as CSV", text)
    assert "Customers reached 75 % 3 of 4, few" in text
    assert "Anna 4 4 75 % 3 of 4, few" in text
    assert "/boots/ 4" in text


def test_many_are_not_said_to_be_few(owner, anna):
    for _ in range(20):
        asked(by=anna)

    text = words(owner.get(reverse(PAGE)))

    assert "Customers reached 100 % 20 of 20 Attempts" in text


def test_nothing_asked_for(owner):
    response = owner.get(reverse(PAGE))

    assert "Nobody asked for a call in these days." in words(response)
    assert "callbacks/requests.csv" not in response.content.decode()


def test_an_operator_sees_their_own_figures_only(at_desk, anna, boris):
    asked(by=anna, page="/hers/")
    asked(by=boris, page="/his/")
    chosen = {"operator": boris.pk}

    page, file = at_desk.get(reverse(PAGE), chosen), at_desk.get(reverse(FILE), chosen)

    text = words(page)
    assert "Only those that you called." in text
    assert ("/hers/" in text, "/his/" in text, "Boris" in text) == (True, False, False)
    assert [row[11] for row in rows_of(file)[1:]] == ["/hers/"]


def test_who_supervises_sees_everybodys_or_those_of_one(anna, boris):
    asked(by=anna, page="/hers/")
    asked(by=boris, page="/his/")
    browser = signed_in(supervisor())

    everybodys, one = browser.get(reverse(PAGE)), browser.get(reverse(PAGE), {"operator": boris.pk})

    assert all(page in words(everybodys) for page in ("/hers/", "/his/"))
    assert "Only those that you called." not in words(one)
    assert ("/hers/" in words(one), "/his/" in words(one)) == (False, True)
    assert [row[11] for row in rows_of(browser.get(reverse(FILE), {"operator": boris.pk}))[1:]] == ["/his/"]


def test_nobody_else_sees_any(editor, client):
    for address in (reverse(PAGE), reverse(FILE)):
        assert editor.get(address).status_code in (302, 403)
        assert client.get(address).status_code == 302


def test_the_report_stands_among_wagtails_for_those_who_see_figures(owner, at_desk, editor):
    def in_menu(browser):
        return reverse(PAGE) in browser.get(reverse("wagtailadmin_home")).content.decode()

    assert [in_menu(browser) for browser in (owner, at_desk, editor)] == [True, True, False]


@pytest.mark.parametrize(
    ("query", "counted"),
    [
        ({}, 2),
        ({"days": "7"}, 1),
        ({"days": "90"}, 3),
        ({"days": "nonsense"}, 2),
        ({"first": "2026-11-13", "last": "2026-11-13"}, 1),
        ({"first": "2026-11-22", "last": "2026-11-23", "days": "90"}, 1),
    ],
)
def test_the_days(owner, anna, query, counted):
    CallbackRulesFactory()
    for days_ago in (1, 10, 60, 100):
        asked(days_ago, by=anna)

    assert words(owner.get(reverse(PAGE), query)).count(f"Requests {counted} Promises kept") == 1
    assert len(rows_of(owner.get(reverse(FILE), query))) == counted + 1


def test_the_site(owner, anna):
    here = CallbackRulesFactory(inbox=InboxFactory(hostname="a.example", name="Here")).inbox
    CallbackRulesFactory(inbox=InboxFactory(hostname="b.example", name="There"))
    asked(by=anna, inbox=here)
    asked(by=anna)

    response = owner.get(reverse(PAGE), {"site": here.pk})

    assert "Requests 1 Promises kept" in words(response)
    assert f'href="?days=7&amp;site={here.pk}"' in response.content.decode()


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ({"first": "2026-11-22"}, "last", "Choose both days, or neither."),
        ({"last": "2026-11-22"}, "first", "Choose both days, or neither."),
        ({"first": "2026-11-22", "last": "2026-11-21"}, "last", "This day is before the first one."),
        ({"first": "2020-01-01", "last": "2026-11-21"}, "last", "Choose at most 366 days."),
        ({"first": "yesterday", "last": "2026-11-21"}, "first", "Enter a valid date."),
        ({"first": "2026-02-31", "last": "2026-11-21"}, "first", "Enter a valid date."),
        ({"site": "99999"}, "site", "Select a valid choice."),
        ({"site": "'; DROP TABLE"}, "site", "Select a valid choice."),
        ({"operator": "99999"}, "operator", "Select a valid choice."),
    ],
)
def test_what_cannot_be_asked_for_is_said_beside_its_field_and_stays_typed(owner, anna, query, field, says):
    asked(by=anna)

    page, file = owner.get(reverse(PAGE), query), owner.get(reverse(FILE), query, follow=True)

    for response in (page, file):
        html = response.content.decode()
        assert re.search(rf'id="id_{field}_error">{says}', html), field
        assert f'aria-describedby="id_{field}_error"' in html
        for name in query.keys() & {"first", "last"}:
            assert f'value="{query[name]}"' in html
        assert "Promises kept" not in words(response)


def test_the_address_is_only_read(owner):
    for name in (PAGE, FILE):
        assert owner.post(reverse(name)).status_code == 405


def test_the_file(owner, anna):
    CallbackRulesFactory()
    request = asked(by=anna, name="Олена", page="/boots/", assignee=anna, state="done")

    response = owner.get(reverse(FILE))

    header, row = rows_of(response)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="callbacks-2026-10-25-2026-11-23.csv"'
    assert "no-store" in response["Cache-Control"]
    assert dict(zip(header, row, strict=True)) == {
        "Number": request.readable_number,
        "Site": "Shop",
        "Came in (Europe/Kyiv)": "2026-11-22 14:00",
        "First promised until (Europe/Kyiv)": "2026-11-22 14:30",
        "First called at (Europe/Kyiv)": "2026-11-22 14:00",
        "Promise": "kept",
        "Reached at (Europe/Kyiv)": "2026-11-22 14:00",
        "Attempts": "0",
        "State": "done",
        "Last outcome": "talked",
        "Assignee": "Anna",
        "Page": "/boots/",
        "Name": "Олена",
        "Phone": f"'{request.phone}",
    }


def test_numbers_and_names_are_in_the_file_for_those_only_who_see_them(anna):
    request = asked(by=anna, name="Olena Koval")
    without, permitted = (signed_in(supervisor(*more)) for more in ((), ("see_phone_numbers",)))

    texts = [b"".join(browser.get(reverse(FILE)).streaming_content).decode() for browser in (without, permitted)]

    for secret in (request.phone, request.phone[1:], request.phone_tail + "\r\n", "Olena Koval", "Phone"):
        assert [secret in text for text in texts] == [False, True], secret
    assert all(request.readable_number in text for text in texts)


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "x;=1+1", '";=1+1'])
def test_no_cell_of_the_file_is_a_formula(owner, anna, evil):
    type(anna).objects.update(public_name=evil)
    asked(by=anna, name=evil, page=evil, assignee=anna)

    _header, row = rows_of(owner.get(reverse(FILE)))

    assert [cell.replace("'", "") for cell in (row[10], row[11], row[12])] == [evil] * 3
    assert not [cell for cell in row if re.search(r"(^|[;\"])[\s]*[=+\-@]", cell)]


def test_the_file_speaks_the_readers_language_and_knows_its_separator(owner, anna):
    asked(by=anna)
    user = type(anna.user).objects.get(is_superuser=True)
    UserProfile.objects.update_or_create(user=user, defaults={"preferred_language": "uk"})

    text = b"".join(owner.get(reverse(FILE)).streaming_content).decode()

    assert text.count(";") == 2 * 13
    assert "talked" not in text or not re.search("[а-яі]", text.split("\r\n")[1])


def test_the_file_is_read_in_pieces(rf, monkeypatch):
    monkeypatch.setattr(csv_files, "LINES_AT_ONCE", 2)
    taken = []

    def rows():
        for number in range(5):
            taken.append(number)
            yield [number]

    content = iter(csv_file(rf.get("/"), rows(), name="a.csv").streaming_content)

    assert next(content) == f"{BOM}0\r\n".encode()
    assert taken == [0]
    assert b"".join(content) == b"1\r\n2\r\n3\r\n4\r\n"


def test_an_asynchronous_server_sends_the_same(rf):
    request = ASGIRequest({"type": "http", "method": "GET", "path": "/", "headers": []}, io.BytesIO())

    async def read():
        return b"".join([piece async for piece in csv_file(request, [["a", 1], ["=b", 2]], name="a.csv")])

    sent = asyncio.run(read())

    assert sent == b"".join(csv_file(rf.get("/"), [["a", 1], ["=b", 2]], name="a.csv").streaming_content)


def test_the_shade_of_an_hour_follows_its_count():
    counts = [[0] * 24 for _ in range(7)]
    counts[0][9], counts[0][10], counts[6][23] = 1, 60, 100

    monday, *_between, sunday = week_rows(Week(counts))

    assert [monday.cells[hour] for hour in (8, 9, 10)] == [(0, 0), (1, 1), (60, 3)]
    assert (sunday.cells[23], monday.total, monday.name) == ((100, 5), 61, "Monday")
    assert week_rows(Week([[0] * 24 for _ in range(7)]))[0].cells[0] == (0, 0)


def test_the_page_costs_as_much_whatever_was_asked_for(owner, django_assert_max_num_queries):
    def shop(count):
        for _ in range(count):
            asked(by=OperatorFactory(), page=f"/{count}/")

    shop(2)
    owner.get(reverse(PAGE))
    with django_assert_max_num_queries(22) as few:
        owner.get(reverse(PAGE))
    shop(10)
    with django_assert_max_num_queries(len(few)):
        owner.get(reverse(PAGE))


def test_lengths_of_time():
    from shopchat.templatetags.shopchat_reports import length_of_time

    lengths = [timedelta(seconds=count) for count in (0, 35, 60, 3570, 4800)]

    assert [length_of_time(one) for one in lengths] == ["0 s", "35 s", "1 min", "1 h 0 min", "1 h 20 min"]
    assert length_of_time(None) == "–"
    assert date.today() == NOW.date()
