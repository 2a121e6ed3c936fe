"""For which site rules are made, of baskets and of calls alike."""

import pytest
from django.urls import reverse

from shopchat.inboxes.models import Inbox
from tests.factories import CallbackRulesFactory, CartRulesFactory, InboxFactory

pytestmark = pytest.mark.django_db

KINDS = [
    pytest.param("shopchat_cart_rules", CartRulesFactory, id="baskets"),
    pytest.param("shopchat_callback_rules", CallbackRulesFactory, id="calls"),
]


def form_of(owner, viewset):
    return owner.get(reverse(f"{viewset}:add")).context["form"]


@pytest.mark.parametrize(("viewset", "rules"), KINDS)
def test_a_shop_that_nobody_has_visited_can_be_set_up(owner, viewset, rules):
    form = form_of(owner, viewset)

    made = Inbox.objects.get()
    assert (made.hostname, form["inbox"].value()) == ("", made.pk)


@pytest.mark.parametrize(("viewset", "rules"), KINDS)
def test_of_several_sites_one_is_chosen_by_hand(owner, viewset, rules):
    first, second = InboxFactory(), InboxFactory(hostname="b.example")

    assert form_of(owner, viewset)["inbox"].value() is None

    rules(inbox=first)
    form = form_of(owner, viewset)
    assert form["inbox"].value() == second.pk
    assert not form.fields["inbox"].help_text


@pytest.mark.parametrize(("viewset", "rules"), KINDS)
def test_it_says_so_when_every_site_has_its_rules(owner, viewset, rules):
    rules(inbox=InboxFactory())

    form = form_of(owner, viewset)

    assert not form.fields["inbox"].queryset
    assert "another widget" in form.fields["inbox"].help_text
