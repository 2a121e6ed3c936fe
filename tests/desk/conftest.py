"""People who come to the desk, and a conversation that is there."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from tests.factories import ContactFactory, ConversationFactory, OperatorFactory, UserFactory, note, receive, reply


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna(db):
    return OperatorFactory(public_name="Anna")


@pytest.fixture
def boris(db):
    return OperatorFactory(public_name="Boris")


@pytest.fixture
def at_desk(anna):
    """Anna's browser."""
    return signed_in(anna.user)


@pytest.fixture
def owner(db):
    """The owner's browser."""
    return signed_in(UserFactory(superuser=True, first_name="Olha"))


@pytest.fixture
def editor(db):
    """Somebody who may enter the admin and nothing of ours."""
    group = Group.objects.create(name="Editors of pages")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    user = UserFactory()
    user.groups.add(group)
    return signed_in(user)


@pytest.fixture
def talk(anna):
    """A customer who was answered, noted about, and wrote again."""
    conversation = ConversationFactory(contact=ContactFactory(signed_in=True))
    scene = SimpleNamespace(conversation=conversation, number=conversation.number)
    scene.question = receive(conversation, "Is it waterproof?")
    scene.answer = reply(conversation, anna, "Yes, fully.")
    scene.note = note(conversation, anna, "A regular customer.")
    scene.again = receive(conversation, "And warm?")
    conversation.refresh_from_db()
    return scene
