"""The queue of callbacks at the desk: its sections, who sees which numbers, search, pages, giving several to somebody."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from shopchat.callbacks.models import CallbackRequest
from shopchat.desk import callbacks, callbacks_listing
from tests.desk.conftest import signed_in
from tests.factories import (
    CallbackRequestFactory,
    CallbackRulesFactory,
    ContactFactory,
    InboxFactory,
    OperatorFactory,
)

# A Wednesday; 12:00 in Kyiv.
NOON = datetime(2026, 11, 25, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE, TAIL = "+380441234821", "4821"


def page(client, **asked):
    response = client.get(reverse("shopchat_desk:callbacks"), asked)
    assert response.status_code == 200
    return response.content.decode()


def rows(client, **asked):
    """Numbers by section, in order."""
    found = client.get(reverse("shopchat_desk:callbacks"), asked).context["queue"]
    return {section.key: [line.request.number for line in section.lines] for section in found.sections if section.lines}


def at(minutes, **fields):
    """Due in so many minutes, for half an hour."""
    return CallbackRequestFactory(due_at=NOON + timedelta(minutes=minutes), **fields)


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def masked(db):
    """Somebody who answers customers and may not see whole numbers."""
    group = Group.objects.create(name="Helpers")
    group.permissions.set(Permission.objects.filter(codename__in=["access_admin", "answer_conversations"]))
    user = OperatorFactory(public_name="Vira").user
    user.groups.set([group])
    return signed_in(user)


@pytest.fixture
def day(anna, boris):
    """One request of each section, and a second of the first."""
    CallbackRulesFactory()
    return SimpleNamespace(
        late=at(-90, assignee=boris),
        later=at(-40),
        due=at(-10, assignee=anna),
        today=at(120),
        tomorrow=at(24 * 60),
        done=CallbackRequestFactory(done=True, assignee=anna),
    )


def test_what_waits_is_shown_by_urgency(at_desk, day):
    assert rows(at_desk) == {
        "overdue": [day.late.number, day.later.number],
        "due": [day.due.number],
        "today": [day.today.number],
        "upcoming": [day.tomorrow.number],
    }


def test_each_section_alone(at_desk, day):
    assert rows(at_desk, section="finished") == {"finished": [day.done.number]}
    assert rows(at_desk, section="upcoming") == {"upcoming": [day.tomorrow.number]}
    assert rows(at_desk, section="nonsense", show="nonsense", site="x") == rows(at_desk)


def test_mine_and_unassigned(at_desk, day):
    assert rows(at_desk, show="mine") == {"due": [day.due.number]}
    assert rows(at_desk, show="unassigned", section="overdue") == {"overdue": [day.later.number]}


def test_the_tabs_count_what_the_filters_leave(at_desk, day):
    def counts(**asked):
        tabs = at_desk.get(reverse("shopchat_desk:callbacks"), asked).context["queue"].tabs
        return {key: count for key, _, _, count in tabs if count}

    assert counts() == {"overdue": "2", "due": "1", "today": "1", "upcoming": "1"}
    assert counts(show="mine") == {"due": "1"}


def test_a_count_stops_where_nobody_reads_it_any_more(at_desk, day, monkeypatch):
    monkeypatch.setattr("shopchat.callbacks.querysets.COUNTED_LIMIT", 2)
    monkeypatch.setattr(callbacks_listing, "COUNTED_LIMIT", 2)

    assert ">2+</span>" in page(at_desk)


def test_today_ends_when_it_ends_for_the_shop(at_desk):
    CallbackRulesFactory(schedule__time_zone="Asia/Tokyo")  # there it is 19:00
    in_tokyos_evening, after_tokyos_midnight = at(4 * 60), at(6 * 60)

    assert rows(at_desk) == {"today": [in_tokyos_evening.number], "upcoming": [after_tokyos_midnight.number]}


def test_one_site_of_several(at_desk):
    first, second = CallbackRulesFactory().inbox, CallbackRulesFactory(inbox=InboxFactory(hostname="b.test")).inbox
    here, there = at(30, inbox=first), at(40, inbox=second)

    assert rows(at_desk) == {"today": [here.number, there.number]}
    assert rows(at_desk, site=second.pk) == {"today": [there.number]}
    assert "All sites" in page(at_desk)


def test_the_promise_and_what_is_left_of_it_in_words(at_desk, day):
    text = " ".join(page(at_desk).split())

    for words in ("1 h 0 min late", "10 min late", "20 min left", "in 2 h 0 min", "in 1 day", "tomorrow, "):
        assert words in text
    assert "Overdue" in text
    assert f'data-until="{timezone.localtime(day.due.promised_until).isoformat()}"' in text


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-60, "30 min late"),
        (-31, "1 min late"),
        (-25 * 60, "1 day late"),
        (-10, "20 min left"),
        (0.5, "in 1 min"),
        (61, "in 1 h 1 min"),
        (49 * 60, "in 2 days"),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru", "uk"])
def test_the_script_has_the_words_of_the_server(db, language, minutes, words):
    with translation.override(language):
        shown = callbacks.left(at(minutes), NOON)
        sentences = [
            words for kinds in callbacks.countdown_words().values() for of in kinds.values() for words in of.values()
        ]

    assert shown in {one % {"count": n, "minutes": m} for one in sentences for n in (1, 2, 20, 30) for m in (0, 1)}
    assert language != "en" or shown == words


def test_as_soon_as_possible_is_said_as_it_was_promised(at_desk):
    at(-5, is_asap=True)

    assert "as soon as possible, by today, " in page(at_desk)


def test_names_and_words_of_customers_are_text(at_desk):
    at(5, name="<b>Eve</b>", about='<img src=x onerror="x">{{ 7 }}', subject="product", subject_label="<i>Boots</i>")

    text = page(at_desk)

    assert "&lt;b&gt;Eve&lt;/b&gt;" in text
    assert "&lt;img src=x onerror=&quot;x&quot;&gt;{{ 7 }}" in text
    assert "&lt;i&gt;Boots&lt;/i&gt;" in text


def test_a_request_without_a_name_has_the_accounts(at_desk):
    at(5, name="", contact=ContactFactory(signed_in=True))
    at(6, name="", phone="", phone_tail="", open_phone=None)

    text = page(at_desk)

    assert "Olena Koval" in text
    assert "No name" in text
    assert "number erased" in text


@pytest.mark.parametrize("asked", [{}, {"q": TAIL}, {"q": "4821000000"}, {"section": "overdue"}])
def test_a_masked_page_has_no_whole_number_in_it(masked, at_desk, asked):
    CallbackRulesFactory()
    request = at(-60, phone=WHOLE)
    national = "044 123 4821"

    for name in ("callbacks", "callback_rows"):
        url = reverse(f"shopchat_desk:{name}")
        assert "••• 4821" in masked.get(url).content.decode()
        everything = masked.get(url, asked).content.decode()
        assert not any(form in everything for form in (WHOLE, WHOLE[1:], national, "1234821", "tel:"))
    for name in ("callback", "callback_now"):
        everything = masked.get(reverse(f"shopchat_desk:{name}", args=[request.number])).content.decode()
        assert "••• 4821" in everything
        assert not any(form in everything for form in (WHOLE, WHOLE[1:], national, "1234821", "tel:"))

    assert national in page(at_desk)  # or nothing above could fail
    assert (
        f'href="tel:{WHOLE}"' in at_desk.get(reverse("shopchat_desk:callback", args=[request.number])).content.decode()
    )


def test_a_masked_search_does_not_confirm_digits_that_it_does_not_show(masked, at_desk):
    request = at(5, phone=WHOLE)

    right, wrong = (rows(masked, q=number) for number in (WHOLE, "+380991234821"))

    assert right == wrong == {"found": [request.number]}  # by its end alone
    assert rows(at_desk, q=WHOLE) == {"found": [request.number]}
    assert rows(at_desk, q="+380991234821") == {}


@pytest.mark.parametrize(
    "query",
    [
        "4821",
        "044 123-48-21",
        "+380 44 123 4821",
        "1234821",
        "C-77123",
        "c77123",
        "С-77123",
        "77123",
        "olena",
        "Коваль",
        "коваль олена",
        "100012",
        "ORD-7",
    ],
)
def test_search_finds_by_what_people_remember(at_desk, query):
    wanted = at(5, number="77123", phone=WHOLE, name="Олена Olena Коваль", subject="order", subject_ref="100012")
    ordered = at(6, phone="+380441110000", name="Petro", subject="order", subject_ref="ORD-7")
    at(7, phone="+380441110001", name="Ivan")

    assert rows(at_desk, q=query) == {"found": [ordered.number if query == "ORD-7" else wanted.number]}


@pytest.mark.parametrize("query", ["4822", "C-7712", "nobody", "1" * 200, "\x00", "%", "_____", "'; --", "💥"])
def test_search_finds_nothing_else(at_desk, query):
    at(5, number="77123", phone=WHOLE, name="Olena")

    assert rows(at_desk, q=query) == ({"today": ["77123"]} if query == "\x00" else {})


def test_pages_do_not_shift_when_requests_leave(at_desk):
    requests = [at(30 + n) for n in range(callbacks_listing.PAGE + 3)]
    first = at_desk.get(reverse("shopchat_desk:callbacks"), {"section": "today"}).context["queue"].sections[0]

    requests[3].delete()
    second = at_desk.get(reverse("shopchat_desk:callbacks") + first.further).context["queue"].sections[0]

    assert [line.request.number for line in first.lines] == [one.number for one in requests[:-3]]
    assert [line.request.number for line in second.lines] == [one.number for one in requests[-3:]]
    assert second.further == ""


def test_finished_and_found_go_on_backwards(at_desk):
    requests = [
        CallbackRequestFactory(done=True, closed_at=NOON - n * HOUR, created_at=NOON - n * HOUR, name="Zoë")
        for n in range(callbacks_listing.PAGE + 2)
    ]
    for asked in ({"section": "finished"}, {"q": "Zoë"}):
        first = at_desk.get(reverse("shopchat_desk:callbacks"), asked).context["queue"].sections[0]
        second = at_desk.get(reverse("shopchat_desk:callbacks") + first.further).context["queue"].sections[0]
        assert [line.request.pk for line in [*first.lines, *second.lines]] == [one.pk for one in requests]


def test_the_whole_queue_leads_to_the_rest_of_a_section(at_desk):
    for n in range(callbacks_listing.PAGE + 1):
        at(30 + n)

    assert "?section=today&amp;show=all" in page(at_desk) or "?section=today" in page(at_desk)


@pytest.mark.parametrize("after", ["x", "1-", "-1", "9" * 17 + "-1", "1-" + "9" * 19, "１-1"])
@pytest.mark.parametrize("name", ["callbacks", "callback_rows"])
def test_a_forged_place_is_refused(at_desk, name, after):
    response = at_desk.get(reverse(f"shopchat_desk:{name}"), {"section": "due", "after": after})

    assert response.status_code == 400
    assert "out of date" in response.content.decode()


def test_an_empty_queue_says_what_that_means(at_desk):
    assert "Nobody waits for a call." in page(at_desk)
    for section, words in {
        "overdue": "No promise was missed.",
        "due": "Nobody has to be called right now.",
        "today": "Nothing else is planned for today.",
        "upcoming": "Nothing is planned for the coming days.",
        "finished": "Nothing was finished yet.",
    }.items():
        assert words in page(at_desk, section=section)
    assert "Nothing was found." in page(at_desk, q="nobody")


@pytest.mark.parametrize("asked", [{}, {"section": "finished"}, {"q": "Olena"}, {"show": "mine"}])
def test_many_cost_as_many_queries_as_few(at_desk, anna, asked):
    CallbackRulesFactory()

    def cost():
        with CaptureQueriesContext(connection) as queries:
            page(at_desk, **asked)
        return len(queries)

    def add(count):
        for n in range(count):
            for minutes in (-120, -10, 60, 60 * 24):
                at(
                    minutes,
                    assignee=[None, anna, OperatorFactory()][n % 3],
                    contact=ContactFactory(signed_in=bool(n % 2)),
                )
            CallbackRequestFactory(done=True)

    add(3)
    cost()
    few = cost()
    add(57)

    assert cost() == few
    assert few <= 23


def test_several_are_given_to_a_colleague(at_desk, day, boris):
    url = reverse("shopchat_desk:assign_callbacks") + "?section=today&show=all"
    chosen = [day.late.number, day.later.number, day.today.number, day.done.number, "x", "99999"]

    response = at_desk.post(url, {"number": chosen, "operator": boris.pk}, follow=True)

    assert response.redirect_chain == [(reverse("shopchat_desk:callbacks") + "?section=today&show=all", 302)]
    assert "2 requests were given to Boris." in response.content.decode()  # one was his
    assert CallbackRequest.objects.filter(assignee=boris).count() == 3
    day.done.refresh_from_db()
    assert day.done.assignee != boris


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": ["late"]}, "Choose who is to call."),
        ({"number": ["late"], "operator": "999999"}, "Choose who is to call."),
        ({"number": ["late"], "operator": "customer"}, "Choose who is to call."),
        ({"operator": "boris"}, "Choose the requests first."),
        ({"number": ["done"], "operator": "boris"}, "Nothing was changed"),
    ],
)
def test_giving_is_refused_in_words(at_desk, day, boris, fields, words):
    outsider = OperatorFactory()
    outsider.user.groups.clear()
    known = {"boris": boris.pk, "customer": outsider.pk}
    posted = {"number": [getattr(day, name).number for name in fields.get("number", [])]}
    if "operator" in fields:
        posted["operator"] = known.get(fields["operator"], fields["operator"])
    before = list(CallbackRequest.objects.values_list("assignee", flat=True))

    response = at_desk.post(reverse("shopchat_desk:assign_callbacks"), posted, follow=True)

    assert words in response.content.decode()
    assert list(CallbackRequest.objects.values_list("assignee", flat=True)) == before


def test_the_badge_counts_both_and_says_both(at_desk, day):
    badge = at_desk.get(reverse("shopchat_desk:badge")).json()

    assert (badge["count"], badge["words"]) == (0, "")
    assert (badge["callbacks"], badge["callbacks_words"]) == (2, "2 customers are to be called")


def test_a_request_of_a_colleague_does_not_call(at_desk, boris):
    at(-60, assignee=boris)

    assert at_desk.get(reverse("shopchat_desk:badge")).json()["callbacks"] == 0
    assert signed_in(boris.user).get(reverse("shopchat_desk:badge")).json()["callbacks"] == 1


def test_what_becomes_due_and_what_becomes_overdue_grows_the_moment_of_the_sound(at_desk, anna):
    def newest():
        return at_desk.get(reverse("shopchat_desk:callbacks")).context["due"].newest

    assert newest() == 0
    at(-20)
    due = newest()
    assert due == (NOON - timedelta(minutes=20)).timestamp() * 1000
    with time_machine.travel(NOON + timedelta(minutes=11), tick=False):
        assert newest() == (NOON + timedelta(minutes=10)).timestamp() * 1000


def test_the_menu_has_both_numbers_for_one_query_more(at_desk, day):
    text = at_desk.get("/cms/account/").content.decode()
    menu = text.split('id="wagtail-sidebar-props"')[1].split("</script>")[0]

    assert '"data-shopchat-badge": "2", "data-shopchat-badge-of": "callbacks"' in menu
    assert '"data-shopchat-badge": "0", "data-shopchat-badge-of": "conversations"' in menu
    assert "/cms/chat/callbacks/" in menu
    with CaptureQueriesContext(connection) as queries:
        at_desk.get("/cms/account/")
    assert sum("callbackrequest" in query["sql"] for query in queries) == 1


def test_the_desk_leads_to_the_queue_and_counts_it(at_desk, day):
    text = at_desk.get(reverse("shopchat_desk:desk")).content.decode()

    assert 'href="/cms/chat/callbacks/"' in text
    assert 'data-callbacks="2" data-callbacks-words="2 customers are to be called"' in text


@pytest.mark.parametrize("name", ["callbacks", "callback_rows"])
def test_the_queue_is_for_operators(editor, client, day, name):
    for somebody in (editor, client):
        response = somebody.get(reverse(f"shopchat_desk:{name}"))
        assert response.status_code == 302
        assert day.late.number not in response.content.decode()


def test_the_clock_of_the_page_is_the_servers(at_desk, day):
    assert f'data-now="{int(NOON.timestamp() * 1000)}"' in page(at_desk)
    assert timezone.now() == NOON
