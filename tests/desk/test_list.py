"""The list: filters, paging that does not shift, search, what a row tells."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from shopchat.conversations.models import Conversation
from shopchat.desk.listing import MAX_ROWS, PAGE, Asked, listing
from tests.factories import ContactFactory, ConversationFactory, UserFactory, note, receive, reply


def rows(user, operator, **parameters):
    return [row.number for row in listing(user, operator, Asked.of(parameters)).rows]


@pytest.fixture
def scene(anna, boris):
    made = {
        "mine": ConversationFactory(assignee=anna),
        "boris": ConversationFactory(assignee=boris),
        "free": ConversationFactory(),
        "closed": ConversationFactory(closed=True),
    }
    for name in ("mine", "boris", "free"):
        receive(made[name])
    return made


@pytest.mark.parametrize(
    ("show", "wanted"),
    [
        ("mine", {"mine"}),
        ("unassigned", {"free"}),
        ("all", {"mine", "boris", "free"}),
        ("closed", {"closed"}),
        ("", {"mine", "boris", "free"}),
        ("nonsense", {"mine", "boris", "free"}),
    ],
)
def test_filters(scene, anna, show, wanted):
    assert set(rows(anna.user, anna, show=show)) == {scene[name].number for name in wanted}


def test_counts_tell_who_waits_and_for_whom(scene, anna, boris):
    reply(scene["boris"], boris)

    found = listing(anna.user, anna, Asked())

    assert [count for _key, _label, count in found.filters] == [1, 1, 2, 0]
    assert found.calling == 2
    assert found.calling_words == "2 conversations are waiting"
    assert found.newest > 0


def test_somebody_without_the_permission_finds_nothing(scene, anna):
    found = listing(UserFactory(), anna, Asked())

    assert (found.rows, found.calling, found.newest) == ([], 0, 0)


def test_pages_follow_each_other_while_people_write(anna):
    now = timezone.now()
    made = [ConversationFactory(last_message_at=now - timedelta(minutes=n // 3)) for n in range(2 * PAGE + 5)]

    first = listing(anna.user, anna, Asked())
    receive(made[-1])  # moves to the top; an offset would now repeat a row
    second = listing(anna.user, anna, Asked(before=first.older))
    third = listing(anna.user, anna, Asked(before=second.older))

    numbers = [row.number for page in (first, second, third) for row in page.rows]
    assert len(numbers) == len(set(numbers)) == 2 * PAGE + 4
    assert third.older == ""


def test_a_redrawn_list_may_hold_all_loaded_rows(anna):
    for _n in range(PAGE + 3):
        ConversationFactory()

    assert len(rows(anna.user, anna, rows=str(PAGE + 3))) == PAGE + 3
    assert len(rows(anna.user, anna, rows="nonsense")) == PAGE
    assert Asked.of({"rows": "9999"}).size == MAX_ROWS


@pytest.mark.parametrize("cursor", ["x", "1", "-", "1-", "-1", "1-x", "١-١", "9" * 17 + "-1", "1-" + "9" * 19, "1-1-1"])
def test_a_foreign_cursor_is_refused(at_desk, cursor):
    for name in ("older_rows", "rows", "desk"):
        assert at_desk.get(reverse(f"shopchat_desk:{name}"), {"before": cursor}).status_code == 400


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("{number}", True),
        ("{readable}", True),
        ("{start}", True),
        ("marta", True),
        ("Marta KOVALENKO", True),
        ("kovalenko marta", True),
        ("marta@", True),
        ("Marta Petrenko", False),
        ("%", False),
        ("\x00", True),  # nothing left to look for
    ],
)
def test_search(anna, query, is_found):
    user = UserFactory(first_name="Marta", last_name="Kovalenko", email="marta@example.test", username="mk")
    conversation = ConversationFactory(number="48217730", contact=ContactFactory(user=user))
    ConversationFactory(number="59999999", contact=ContactFactory(signed_in=True))

    query = query.format(number="48217730", readable="4821-7730", start="4821")

    assert (conversation.number in rows(anna.user, anna, q=query)) is is_found


def test_search_finds_what_is_closed_and_leaves_out_the_rest(anna):
    closed = ConversationFactory(closed=True, number="48217730")
    ConversationFactory(number="59999999")

    assert rows(anna.user, anna, q="4821", show="mine") == [closed.number]


def test_a_row_tells_what_happened(at_desk, anna, boris):
    conversation = ConversationFactory(number="48217730")
    receive(conversation, "Is it waterproof?")
    url = reverse("shopchat_desk:rows")

    unread = at_desk.get(url).content.decode()
    reply(conversation, anna, "Yes, fully.")
    answered = at_desk.get(url).content.decode()
    note(conversation, boris, "Told her on the phone too.")
    noted = at_desk.get(url).content.decode()

    assert "Visitor 4821-7730" in unread
    assert "Is it waterproof?" in unread
    assert 'class="sc-row sc-row--unread" data-number="48217730"' in unread
    for words in ("New", "waiting now", "Unassigned"):
        assert words in unread
    assert "You:" in answered
    assert "sc-row--unread" not in answered
    assert "waiting now" not in answered
    assert "Note:" in noted
    assert "Told her on the phone too." in noted


def test_the_open_row_is_marked(at_desk):
    one, other = ConversationFactory(), ConversationFactory()

    page = at_desk.get(reverse("shopchat_desk:rows"), {"open": one.number}).content.decode()

    row = page.split(f'data-number="{one.number}"')[1].split("</a>")[0]
    assert 'aria-current="true"' in row
    assert page.count('aria-current="true"') == 1
    assert other.number in page


def test_older_rows_come_alone(at_desk):
    for _n in range(PAGE + 1):
        ConversationFactory()
    cursor = Conversation.objects.latest_first()[PAGE - 1]
    first = at_desk.get(reverse("shopchat_desk:rows")).content.decode()
    address = first.split("list/older/?")[1].split('"')[0].replace("&amp;", "&")

    older = at_desk.get(f"{reverse('shopchat_desk:older_rows')}?{address}").content.decode()

    assert f"-{cursor.pk}" in address
    assert older.count('<li class="sc-row') == 1
    assert "sc-filters" not in older
