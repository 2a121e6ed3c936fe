"""What operators look for never stands in an address, and everything that goes on from a search still finds it."""

import re
from html import unescape

import pytest
from django.urls import reverse

from shopchat.desk import searches
from tests.factories import CallbackRequestFactory, ContactFactory, ConversationFactory, UserFactory

pytestmark = pytest.mark.django_db

NUMBER = "+380501234567"
QUEUE = "shopchat_desk:callbacks"


def shown(response):
    return unescape(response.content.decode())


def look_for_call(client, typed):
    return client.post(reverse("shopchat_desk:search_callbacks"), {"q": typed})


def look_for_talk(client, typed, **headers):
    return client.post(reverse("shopchat_desk:search"), {"q": typed, "show": "mine"}, headers=headers)


def test_a_number_is_found_and_stands_in_no_address(at_desk):
    wanted, other = CallbackRequestFactory(phone=NUMBER), CallbackRequestFactory()

    answer = look_for_call(at_desk, NUMBER)
    page = at_desk.get(answer.url)

    assert answer.status_code == 302
    assert "4567" not in answer.url
    found = page.context["queue"]
    assert [line.request.number for line in found.sections[0].lines] == [wanted.number]
    assert other.readable_number not in shown(page)
    assert f'value="{NUMBER}"' in shown(page)
    addresses = re.findall(r'(?:href|action|url-value)="([^"]*)"', shown(page))
    assert addresses
    assert not [one for one in addresses if "4567" in one and not one.startswith("tel:")]


def test_what_the_page_asks_later_is_the_same_search(at_desk):
    wanted = CallbackRequestFactory(phone=NUMBER)
    CallbackRequestFactory()
    page = shown(at_desk.get(look_for_call(at_desk, NUMBER).url))

    again = at_desk.get(re.search(r'sc-callbacks-url-value="([^"]*)"', page)[1])

    assert wanted.readable_number in shown(again)
    assert [line.request.number for line in again.context["queue"].sections[0].lines] == [wanted.number]


def test_further_pages_of_a_search_are_of_that_search(at_desk):
    for _ in range(26):
        CallbackRequestFactory(name="Olena")
    page = at_desk.get(look_for_call(at_desk, "Olena").url)

    further = at_desk.get(reverse(QUEUE) + page.context["queue"].sections[0].further)

    assert len(further.context["queue"].sections[0].lines) == 1
    assert further.context["queue"].asked.query == "Olena"


@pytest.mark.parametrize("typed", ["", "   ", "\x00"])
def test_nothing_typed_is_no_search(at_desk, typed):
    assert look_for_call(at_desk, typed).url == reverse(QUEUE)


def test_a_search_that_was_forgotten_shows_what_waits(at_desk):
    request = CallbackRequestFactory()

    page = at_desk.get(reverse(QUEUE), {"search": "long ago"})

    assert request.readable_number in shown(page)
    assert page.context["queue"].asked.query == ""


def test_the_last_twenty_are_remembered(at_desk):
    places = [look_for_call(at_desk, f"nobody {n}").url.partition("=")[2] for n in range(25)]

    kept = dict(at_desk.session[searches.SESSION_KEY])

    assert list(kept) == places[5:]
    assert kept[places[-1]] == "nobody 24"


def test_one_operators_searches_are_nobody_elses(at_desk, owner):
    CallbackRequestFactory(phone=NUMBER)
    address = look_for_call(at_desk, NUMBER).url

    assert owner.get(address).context["queue"].asked.query == ""


def test_a_customer_is_found_in_the_list_without_a_script(at_desk):
    user = UserFactory(email="marta@example.test")
    wanted = ConversationFactory(closed=True, number="48217730", contact=ContactFactory(user=user))
    ConversationFactory(number="59999999")

    answer = look_for_talk(at_desk, "marta@example.test")
    page = at_desk.get(answer.url)

    assert "marta" not in answer.url
    assert "show=mine" in answer.url
    assert [row.number for row in page.context["listing"].rows] == [wanted.number]
    assert 'value="marta@example.test"' in shown(page)


def test_a_script_gets_the_list_and_what_to_ask_later(at_desk):
    contact = ContactFactory(user=UserFactory(first_name="Marta", last_name="Kovalenko"))
    for _ in range(26):
        ConversationFactory(contact=contact)

    answer = look_for_talk(at_desk, "marta kovalenko", **{"HX-Request": "true"})

    assert answer.status_code == 200
    looked_for = re.search(r'data-looked-for="(search=[\w-]+)"', shown(answer))[1]
    older = re.search(r'hx-get="([^"]*)"[^>]*>\s*Older|hx-get="([^"]*before=[^"]*)"', shown(answer))
    assert looked_for in next(filter(None, older.groups()))
    again = at_desk.get(f"{reverse('shopchat_desk:rows')}?show=mine&rows=25&{looked_for}")
    assert len(again.context["listing"].rows) == 25
    assert "kovalenko" not in answer.headers.get("HX-Push-Url", "")


def test_who_may_not_answer_may_not_look(editor):
    assert look_for_call(editor, NUMBER).status_code in (302, 403)
    assert searches.SESSION_KEY not in editor.session
    assert look_for_talk(editor, NUMBER).status_code in (302, 403)
    assert searches.SESSION_KEY not in editor.session
