"""Who can sign in to the demo store. Everybody's password is "demo"."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

PASSWORD = "demo"
OWNER = "owner@demo.test"
OPERATORS = ("anna@demo.test", "boris@demo.test")
CUSTOMER = "customer@demo.test"
OPERATORS_GROUP = "Chat operators"  # made by a migration of shopchat

NAMES = {
    OWNER: ("Olha", "Owner"),
    "anna@demo.test": ("Anna", "Schmidt"),
    "boris@demo.test": ("Boris", "Marek"),
    CUSTOMER: ("Olena", "Koval"),
    "jonas@demo.test": ("Jonas", "Berg"),
    "irina@demo.test": ("Ирина", "Соколова"),
    "taras@demo.test": ("Тарас", "Бондаренко"),
    "mia@demo.test": ("Mia", "Lund"),
    "emma@demo.test": ("Emma", "Reed"),
    "oksana@demo.test": ("Оксана", "Лис"),
    "pavlo@demo.test": ("Павло", "Гнатюк"),
}


def load_people() -> dict[str, Any]:
    """Create who is missing; put the operators into their group as soon as that exists."""
    users = get_user_model().objects
    people = {user.email: user for user in users.filter(email__in=NAMES)}
    password = make_password(PASSWORD)
    for email, (first_name, last_name) in NAMES.items():
        if email not in people:
            people[email] = users.create(
                username=email,
                email=email,
                first_name=first_name,
                last_name=last_name,
                password=password,
                is_staff=email == OWNER,
                is_superuser=email == OWNER,
            )
    group = Group.objects.filter(name=OPERATORS_GROUP).first()
    if group:
        group.user_set.add(*(people[email] for email in OPERATORS))
    return people
