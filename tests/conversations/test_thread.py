import pytest
from django.utils import translation

from shopchat.conversations import assignment, events, thread
from shopchat.conversations.access import for_contact, for_operator
from shopchat.templatetags.shopchat_text import event_text, message_text
from tests.factories import ContactFactory, ConversationFactory, OperatorFactory, UserFactory, note, receive, reply

pytestmark = pytest.mark.django_db


def read(conversation):
    conversation.refresh_from_db()
    return conversation


def test_the_latest_page_is_in_order_and_knows_of_older_ones(monkeypatch):
    monkeypatch.setattr(thread, "PAGE", 3)
    conversation = ConversationFactory()
    for n in range(5):
        receive(conversation, f"message {n}")

    page = thread.latest(read(conversation), private=False)
    before = thread.older(conversation, before=page.messages[0].seq, private=False)

    assert [m.text for m in page.messages] == ["message 2", "message 3", "message 4"]
    assert (page.cursor, page.has_older) == (5, True)
    assert [m.text for m in before.messages] == ["message 0", "message 1"]
    assert before.has_older is False


def test_newer_is_what_lies_between_two_cursors():
    conversation = ConversationFactory()
    first = receive(conversation, "one")
    receive(conversation, "two")

    page = thread.newer(read(conversation), after=first.seq, private=False)
    receive(conversation, "not in the row that was read")

    assert [m.text for m in page.messages] == ["two"]
    assert page.cursor == 2


def test_a_note_reaches_operators_and_never_the_contact():
    conversation, operator = ConversationFactory(), OperatorFactory()
    receive(conversation, "question")
    note(conversation, operator, "secret")
    reply(conversation, operator, "answer")
    read(conversation)

    for page_of in (
        lambda private: thread.latest(conversation, private=private),
        lambda private: thread.older(conversation, before=99, private=private),
        lambda private: thread.newer(conversation, after=0, private=private),
    ):
        assert "secret" in [m.text for m in page_of(True).messages]
        assert [m.text for m in page_of(False).messages] == ["question", "answer"]


def test_a_page_costs_one_query(django_assert_num_queries):
    conversation, operator = ConversationFactory(), OperatorFactory()
    for _ in range(10):
        reply(conversation, operator)
    read(conversation)

    with django_assert_num_queries(1):
        assert [m.operator.public_name for m in thread.latest(conversation, private=False).messages]


def test_access_is_by_permission_or_by_being_the_contact():
    conversation = ConversationFactory()
    stranger = ContactFactory()

    assert conversation in for_operator(UserFactory(answers_customers=True))
    assert conversation not in for_operator(UserFactory())
    assert conversation not in for_operator(UserFactory(answers_customers=True, is_active=False))
    assert conversation in for_contact(conversation.contact)
    assert conversation not in for_contact(stranger)
    assert conversation not in for_contact(None)


def test_an_event_is_told_in_the_readers_language():
    conversation, operator = ConversationFactory(), OperatorFactory(public_name="Anna")
    assignment.take(conversation, operator=operator)
    line = thread.latest(read(conversation), private=False).messages[0]

    assert event_text(line) == "Anna joined the conversation"
    line.operator = None
    assert events.describe(line) == "An operator joined the conversation"
    line.event = "unheard-of"
    assert events.describe(line) == ""
    with translation.override("de"):
        assert event_text(line) == ""


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("{{ settings.SECRET_KEY }}", "{{ settings.SECRET_KEY }}"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "see https://shop.test/a?b=1&c=2.",
            (
                'see <a href="https://shop.test/a?b=1&amp;c=2" target="_blank" rel="nofollow noopener noreferrer">'
                "https://shop.test/a?b=1&amp;c=2</a>."
            ),
        ),
    ],
)
def test_text_stays_text_and_links_are_safe(text, html):
    assert message_text(text) == html


def test_a_quote_does_not_leave_an_attribute():
    html = message_text('https://x.test/"onmouseover="alert(1)')

    assert 'onmouseover="' not in html
