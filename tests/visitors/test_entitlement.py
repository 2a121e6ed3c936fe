"""Tickets of closed accounts, dismissed operators and changed passwords."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import override_settings

from shopchat.live.guards import fallen
from shopchat.visitors import holders
from tests.factories import OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


class PermitsEverybody:
    """A back end of the shop's own, whose permissions no row holds."""

    def authenticate(self, request, **credentials):
        return None

    def has_perm(self, user, perm, obj=None):
        return user.first_name == "Director"


def take_permission(user):
    Group.objects.get(name="Chat operators").permissions.remove(Permission.objects.get(codename="answer_conversations"))


def close_the_admin(user):
    Group.objects.get(name="Chat operators").permissions.remove(Permission.objects.get(codename="access_admin"))


def leave_the_group(user):
    user.groups.clear()


def deactivate(user):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def delete(user):
    user.delete()


@pytest.mark.parametrize("happening", [take_permission, close_the_admin, leave_the_group, deactivate, delete])
def test_an_operator_who_may_no_longer_enter_has_fallen(happening):
    user, owner = OperatorFactory().user, UserFactory(superuser=True)
    held = {holders.of_operator(user), holders.of_operator(owner)}
    assert fallen(held) == set()
    expected = holders.of_operator(user)

    happening(user)

    assert fallen(held) == {expected}


def test_a_permission_of_ones_own_is_enough():
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["answer_conversations", "access_admin"]))

    assert fallen([holders.of_operator(user)]) == set()


def test_a_superuser_who_is_none_any_more_has_fallen():
    user = UserFactory(superuser=True)
    user.is_superuser = False
    user.save()

    assert fallen([holders.of_operator(user)]) == {holders.of_operator(user)}


def test_a_back_end_of_the_shops_own_is_asked():
    director, clerk = UserFactory(first_name="Director"), UserFactory()
    held = {holders.of_operator(director), holders.of_operator(clerk)}
    assert fallen(held) == held

    with override_settings(AUTHENTICATION_BACKENDS=[f"{__name__}.PermitsEverybody"]):
        assert fallen(held) == {holders.of_operator(clerk)}


def test_many_operators_cost_one_query(django_assert_num_queries):
    held = [holders.of_operator(OperatorFactory().user) for _ in range(5)]

    with django_assert_num_queries(1):
        assert fallen(held) == set()


@pytest.mark.parametrize("happening", [deactivate, delete])
def test_a_closed_account_has_fallen_and_no_other(happening, django_assert_num_queries):
    user, other = UserFactory(), UserFactory()
    held = [holders.of_account(user), holders.of_account(other)]
    assert fallen(held) == set()

    happening(user)

    with django_assert_num_queries(1):
        assert fallen(held) == {held[0]}


def test_a_changed_password_ends_what_was_opened_with_the_old_one():
    user, other = UserFactory(), UserFactory()
    held = [holders.of_password(user), holders.of_password(other)]
    assert fallen(held) == set()

    user.set_password("another one")
    user.save()

    assert fallen(held) == {held[0]}
    assert fallen([holders.of_password(user)]) == set()


@pytest.mark.parametrize("key", ["", "x", "1 OR 1=1", "-1", "1.2"])
def test_a_holder_that_names_nobody_has_fallen(key):
    assert fallen([f"account.{key}", f"operator.{key}"]) == {f"account.{key}", f"operator.{key}"}
