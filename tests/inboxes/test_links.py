import pytest
from django.test import override_settings

from shopchat.checks import check_base_url
from shopchat.conf import settings
from shopchat.inboxes.links import can_link, link, origin_of, shop_name
from shopchat.inboxes.models import Inbox


@override_settings(SHOPCHAT={"BASE_URL": "https://shop.example:8443/"})
def test_links_are_of_the_shops_own_host():
    assert link(Inbox(), "page") == "https://shop.example:8443/chat/"
    assert link(Inbox(hostname="shop.example"), "page", lang="uk", c="12345678") == (
        "https://shop.example:8443/chat/?lang=uk&c=12345678"
    )
    assert origin_of(Inbox(hostname="boots.example")) == "https://boots.example"


def test_wagtails_own_address_is_the_default():
    assert origin_of(Inbox()) == "http://testserver"


@pytest.mark.parametrize(
    "value", ["", None, "shop.example", "//shop.example", "ftp://shop.example", "javascript:alert(1)"]
)
def test_without_an_address_there_are_no_links(value):
    with override_settings(SHOPCHAT={"BASE_URL": value}):
        assert settings.BASE_URL == ""
        assert not can_link(Inbox(hostname="boots.example"))
        assert [message.id for message in check_base_url(None)] == ["shopchat.W010"]
    assert can_link(Inbox())
    assert check_base_url(None) == []


@override_settings(ROOT_URLCONF="tests.urls_without_chat")
def test_without_the_widgets_addresses_there_are_no_links():
    assert not can_link(Inbox())


def test_the_shop_has_the_name_that_its_staff_wrote_or_that_of_its_host():
    inbox = Inbox(hostname="boots.example", texts={"uk": {"shop": "Черевики"}})

    assert shop_name(inbox, "uk") == "Черевики"
    assert shop_name(inbox, "en") == "boots.example"
