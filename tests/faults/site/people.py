"""Makes the operators: ``python -m tests.faults.site.people``."""

import django

NAMES = ("anna", "boris")
PASSWORD = "demo"


def make() -> None:
    from django.contrib.auth.models import Group, User

    from shopchat.inboxes.finding import inbox_for
    from shopchat.operators.roster import operator_for

    group = Group.objects.get(name="Chat operators")
    for name in NAMES:
        user = User.objects.create_user(name, f"{name}@demo.test", PASSWORD, first_name=name.title())
        user.groups.add(group)
        operator_for(user)
    inbox = inbox_for("")
    inbox.alert_after_minutes = 1
    inbox.save()


if __name__ == "__main__":
    django.setup()
    make()
