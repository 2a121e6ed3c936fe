"""Links to baskets: what is stored of them, how long they live, and what is noted when somebody comes by one."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone

from shopchat.carts import episodes, recovering
from shopchat.carts.models import BasketTransition, BasketWatch, CartRules, RecoveryLink
from shopchat.carts.recovering import BadLink, ExpiredLink
from shopchat.core.tokens import digest
from shopchat.stores.base import Person
from shopchat.stores.lines import RestoreMode
from shopchat.stores.memory import MemoryStore
from shopchat.stores.moving import Surroundings
from tests.factories import BasketWatchFactory, InboxFactory, OperatorFactory, TouchFactory
from tests.widget.left_baskets import IN_MEMORY, euro, in_basket, left

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings):
    settings.SHOPCHAT = IN_MEMORY
    store = MemoryStore()
    store.clear()
    yield store
    store.clear()


@pytest.fixture
def watch(shop):
    return left(shop, (shop.add_product("Tent", price=euro("199.00")), 2))


def asked_by(shop, ref=None):
    request = RequestFactory().post("/")
    request.user = AnonymousUser()
    request.COOKIES.update(shop.cookies_for(ref or shop.add_basket()))
    return request


def test_the_token_is_random_and_only_its_hash_is_kept():
    watch, operator = BasketWatchFactory(episode=3), OperatorFactory()

    tokens = [recovering.make_link(watch, purpose="desk", operator=operator) for _ in range(2)]

    assert len({*tokens}) == 2
    assert min(map(len, tokens)) >= 43
    for token in tokens:
        link = recovering.find(token)
        assert (link.watch, link.episode, link.purpose, link.operator) == (watch, 3, "desk", operator)
        assert not any(token in str(value) for value in RecoveryLink.objects.filter(pk=link.pk).values_list()[0])
        assert link.token_hash != digest(token)  # a secret of another purpose opens no basket


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000, "\x00"])
def test_what_is_no_token_is_a_bad_link(token):
    with pytest.raises(BadLink):
        recovering.find(token)


def test_a_link_without_a_purpose_is_not_made():
    with pytest.raises(ValueError):
        recovering.make_link(BasketWatchFactory(), purpose="stop")

    assert not RecoveryLink.objects.exists()


def test_it_lives_as_long_as_the_sites_rules_say():
    now = timezone.now()
    usual = recovering.make_link(BasketWatchFactory(), purpose="mail", now=now)
    rules = CartRules.objects.create(inbox=InboxFactory(hostname="short.test"), link_days=2)
    short = recovering.make_link(BasketWatchFactory(inbox=rules.inbox), purpose="mail", now=now)

    for token, days in ((usual, 14), (short, 2)):
        end = now + timedelta(days=days)
        assert recovering.find(token, end - timedelta(seconds=1)).expires_at == end
        with pytest.raises(ExpiredLink) as expired:
            recovering.find(token, end)
        assert expired.value.link.expires_at == end


def test_the_address_names_the_shops_own_host():
    inbox = InboxFactory(hostname="")

    assert recovering.url_of(inbox, "secret", "ru") == "http://testserver/chat/basket/secret/?lang=ru"


def test_the_link_holds_what_was_there_when_it_was_made(shop, watch):
    token = recovering.make_link(watch, purpose="mail")
    BasketWatch.objects.filter(pk=watch.pk).update(lines=[{**watch.lines[0], "title": "A private gift"}])

    offer = recovering.offer(recovering.find(token), asked_by(shop))

    assert [line.title for line in offer.lines] == ["Tent"]


def test_coming_by_the_link_is_noted_once(shop, watch):
    touch = TouchFactory(handed=True)
    link = recovering.find(recovering.make_link(watch, purpose="mail", touch=touch))
    request, start = asked_by(shop), timezone.now()

    recovering.restore(link, request, RestoreMode.ADD, start)
    recovering.restore(recovering.find(recovering.make_link(watch, purpose="mail")), request, now=start)
    recovering.restore(link, request, RestoreMode.ADD, start + timedelta(hours=1))

    link.refresh_from_db()
    touch.refresh_from_db()
    assert (link.restored_at, touch.clicked_at) == (start, start)
    assert list(BasketTransition.objects.values_list("from_state", "to_state", "reason")) == [
        ("abandoned", "restored", "link")
    ]


def test_on_another_device_it_is_noted_which_basket_got_the_lines(shop, watch):
    link = recovering.find(recovering.make_link(watch, purpose="mail"))
    elsewhere = shop.add_basket()

    recovering.restore(link, asked_by(shop, elsewhere))

    link.refresh_from_db()
    assert link.restored_into == elsewhere != watch.ref
    assert in_basket(shop, elsewhere) == {"Tent": 2}


@pytest.mark.parametrize("state", ["active", "idle", "ordered", "expired", "merged", "paying"])
def test_what_was_not_left_or_is_over_is_not_recovered(shop, watch, state):
    is_over = state in BasketWatch.FINAL
    BasketWatch.objects.filter(pk=watch.pk).update(state=state, abandoned_at=watch.abandoned_at if is_over else None)
    link = recovering.find(recovering.make_link(watch, purpose="mail"))

    recovering.restore(link, asked_by(shop))

    watch.refresh_from_db()
    assert (watch.state, watch.restored_at) == (state, None)
    assert not BasketTransition.objects.exists()


def test_what_was_left_and_is_filled_again_counts_as_brought_back_by_the_link(shop, watch):
    BasketWatch.objects.filter(pk=watch.pk).update(state="active")
    link, now = recovering.find(recovering.make_link(watch, purpose="mail")), timezone.now()

    for moment in (now, now + timedelta(minutes=1)):
        recovering.restore(link, asked_by(shop), now=moment)

    watch.refresh_from_db()
    assert (watch.state, watch.restored_at) == ("active", now)


def test_lines_that_our_link_brought_begin_no_new_episode_and_others_do(shop, watch):
    before = timezone.now()
    recovering.restore(recovering.find(recovering.make_link(watch, purpose="mail")), asked_by(shop))
    by_hand = Surroundings(by_hand=True)

    episodes.touch(watch.ref, at=before, person=Person(), where=by_hand)
    watch.refresh_from_db()
    assert episodes.go_on_all({watch: before}) == 0
    watch.refresh_from_db()
    assert (watch.state, watch.episode) == ("restored", 1)
    episodes.touch(watch.ref, at=timezone.now(), person=Person(), where=by_hand)
    watch.refresh_from_db()
    assert (watch.state, watch.episode) == ("active", 2)
