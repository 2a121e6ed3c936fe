"""The group "Chat operators": may enter the Wagtail admin and answer customers, and nothing else."""

from django.apps import apps as installed
from django.db import migrations

# These give more rights to whoever may enter the admin at the time they run; our group is made after them.
_WAGTAIL_GRANTS = {
    "wagtaildocs": "0011_add_choose_permissions",
    "wagtailimages": "0023_add_choose_permissions",
}


def create_group(apps, schema_editor):
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    # Permissions are made after all migrations have run; a group that needs them now makes them itself.
    conversation, _ = ContentType.objects.get_or_create(app_label="shopchat", model="conversation")
    answer, _ = Permission.objects.get_or_create(
        content_type=conversation, codename="answer_conversations", defaults={"name": "Can answer customers at the desk"}
    )
    callback, _ = ContentType.objects.get_or_create(app_label="shopchat", model="callbackrequest")
    numbers, _ = Permission.objects.get_or_create(
        content_type=callback, codename="see_phone_numbers", defaults={"name": "Can see whole phone numbers"}
    )
    admin, _ = ContentType.objects.get_or_create(app_label="wagtailadmin", model="admin")
    access, _ = Permission.objects.get_or_create(
        content_type=admin, codename="access_admin", defaults={"name": "Can access Wagtail admin"}
    )
    group, _ = Group.objects.get_or_create(name="Chat operators")
    group.permissions.add(answer, access, numbers)


class Migration(migrations.Migration):
    dependencies = [
        ("shopchat", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("wagtailadmin", "0001_create_admin_access_permissions"),
        *((label, name) for label, name in _WAGTAIL_GRANTS.items() if label in installed.app_configs),
    ]

    operations = [migrations.RunPython(create_group, migrations.RunPython.noop)]
