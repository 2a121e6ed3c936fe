import pytest
from django.core.exceptions import ValidationError

from shopchat.inboxes.colours import contrast, readable_on
from shopchat.inboxes.finding import inbox_for
from shopchat.inboxes.models import Inbox
from tests.factories import ContactFactory, InboxFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_each_host_has_its_own_widget_or_the_default_one():
    default, other = InboxFactory(), InboxFactory(hostname="other.test")

    assert inbox_for("shop.test") == default
    assert inbox_for("OTHER.test") == other


def test_the_default_widget_is_made_when_it_is_missing():
    InboxFactory(hostname="other.test")

    made = inbox_for("shop.test")

    assert made.hostname == ""
    assert inbox_for("shop.test") == made
    assert Inbox.objects.count() == 2


def test_finding_costs_one_query(django_assert_num_queries):
    InboxFactory()

    with django_assert_num_queries(1):
        assert inbox_for("shop.test").schedule is None


def test_texts_are_by_language():
    inbox = InboxFactory(texts={"ru": {"title": "Магазин"}})

    assert inbox.text("title", "ru") == "Магазин"
    assert inbox.text("title", "en") == ""
    assert inbox.text("welcome", "ru") == ""
    assert str(inbox) == "Shop"


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("colour", "text"), [("#0b6e4f", "#ffffff"), ("#ffcc00", "#17191c"), ("nonsense", "#ffffff")])
def test_the_text_on_a_colour_is_readable(colour, text):
    assert readable_on(colour) == text
    assert Inbox(accent=colour).on_accent == text


def test_a_colour_that_nothing_reads_on_is_refused():
    with pytest.raises(ValidationError, match="Choose a darker"):
        Inbox(name="x", accent="#7b7b7b").full_clean()
    with pytest.raises(ValidationError, match="six digits"):
        Inbox(name="x", accent="red").full_clean()
    Inbox(name="x", accent="#0b6e4f").full_clean()


def test_a_contacts_name_and_address_come_from_the_account_only():
    named = ContactFactory(signed_in=True)
    unnamed = ContactFactory(user=UserFactory(first_name="", last_name="", username="iva@x.test"))

    assert (named.name, named.email, str(named)) == ("Olena Koval", named.user.email, "Olena Koval")
    assert unnamed.name == "iva"
    assert (ContactFactory().name, ContactFactory().email, str(ContactFactory())) == ("", "", "Visitor")
