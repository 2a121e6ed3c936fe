"""What the hot addresses cost, whatever the number of rows."""

import pytest
from django.urls import reverse

from tests.factories import ContactFactory, ConversationFactory, receive, reply

# Session, user, and the two queries of the permission.
ENTRANCE = 4


@pytest.fixture
def crowd(anna, boris):
    for n in range(12):
        conversation = ConversationFactory(contact=ContactFactory(signed_in=bool(n % 2)))
        receive(conversation)
        reply(conversation, [anna, boris][n % 2])
        receive(conversation)
    return conversation


def test_the_list(at_desk, crowd, django_assert_num_queries):
    at_desk.get(reverse("shopchat_desk:rows"))

    with django_assert_num_queries(ENTRANCE + 5):  # Wagtail's profile, operator, rows, sums, callbacks
        at_desk.get(reverse("shopchat_desk:rows"))


def test_the_whole_page(at_desk, crowd, django_assert_max_num_queries):
    at_desk.get(reverse("shopchat_desk:desk"))

    with django_assert_max_num_queries(15):
        at_desk.get(reverse("shopchat_desk:desk"))


def test_the_page_with_a_conversation(at_desk, crowd, django_assert_max_num_queries):
    url = reverse("shopchat_desk:conversation", args=[crowd.number])
    at_desk.get(url)

    with django_assert_max_num_queries(19):
        at_desk.get(url)


def test_nothing_new(at_desk, crowd, django_assert_num_queries):
    crowd.refresh_from_db()
    url = reverse("shopchat_desk:newer", args=[crowd.number])

    with django_assert_num_queries(ENTRANCE + 3):
        assert at_desk.get(url, {"after": crowd.last_seq}).status_code == 204


def test_something_new(at_desk, crowd, django_assert_num_queries):
    url = reverse("shopchat_desk:newer", args=[crowd.number])

    with django_assert_num_queries(ENTRANCE + 4):
        assert at_desk.get(url, {"after": 0}).status_code == 200


def test_the_badge(at_desk, crowd, django_assert_num_queries):
    with django_assert_num_queries(ENTRANCE + 5):
        at_desk.get(reverse("shopchat_desk:badge"))
