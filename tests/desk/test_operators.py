"""Operators: edited by the owner, and by themselves in their account."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from shopchat.desk.editing.operators import ProfileForm
from shopchat.operators.models import Operator
from tests.factories import OperatorFactory, ScheduleFactory, UserFactory


def picture(width=400, height=300):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "#0b6e4f").save(buffer, "PNG")
    return SimpleUploadedFile("Olena Koval.png", buffer.getvalue())


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def edit(client, operator, **fields):
    url = reverse("shopchat_operators:edit", args=[operator.pk])
    values = {"public_name": operator.public_name, "role": "", "greeting": "", **fields}
    return client.post(url, values)


def test_the_owner_lists_and_edits(owner, anna, boris):
    page = owner.get(reverse("shopchat_operators:index")).content.decode()
    response = edit(owner, anna, public_name="Hanna", role="Boots", plays_sound="on")

    anna.refresh_from_db()
    boris.refresh_from_db()
    assert "Anna" in page
    assert "Boris" in page
    assert response.status_code == 302
    assert (anna.public_name, anna.role, anna.plays_sound, boris.public_name) == ("Hanna", "Boots", True, "Boris")


def test_alerts_are_the_owners_and_the_operators_own_choice(owner, anna, boris):
    edit(owner, anna, alerts_by_email="on")
    edit(owner, boris)

    for operator in (anna, boris):
        operator.refresh_from_db()
    assert (anna.alerts_by_email, boris.alerts_by_email) == (True, False)
    assert "alerts_by_email" in ProfileForm(instance=anna).fields


def test_new_operators_are_people_with_the_permission_who_are_none_yet(owner, anna):
    able, unable = UserFactory(answers_customers=True), UserFactory()

    page = owner.get(reverse("shopchat_operators:add")).content.decode()

    assert f'<option value="{able.pk}">' in page
    for other in (unable, anna.user):
        assert f'<option value="{other.pk}">' not in page

    owner.post(reverse("shopchat_operators:add"), {"user": able.pk, "public_name": "Vira"})
    assert Operator.objects.get(user=able).public_name == "Vira"


def test_an_operators_account_stays_theirs(owner, anna):
    other = UserFactory(answers_customers=True)

    edit(owner, anna, user=other.pk)

    anna.refresh_from_db()
    assert anna.user != other


def test_a_photo_is_kept_as_a_square(owner, anna):
    edit(owner, anna, photo=picture())

    anna.refresh_from_db()
    assert "Koval" not in anna.photo.name
    with anna.photo.open() as file, Image.open(file) as kept:
        assert (kept.size, kept.format) == ((256, 256), "JPEG")


def test_a_replaced_photo_is_removed(owner, anna, django_capture_on_commit_callbacks):
    edit(owner, anna, photo=picture())
    anna.refresh_from_db()
    before = anna.photo.name

    with django_capture_on_commit_callbacks(execute=True):
        edit(owner, anna, photo=picture(500, 500))
        edit(owner, anna, role="Boots")

    anna.refresh_from_db()
    assert anna.photo.name != before
    assert not anna.photo.storage.exists(before)
    assert anna.photo.storage.exists(anna.photo.name)


def test_a_lost_photo_file_keeps_nobody_from_saving(owner, anna):
    edit(owner, anna, photo=picture())
    anna.refresh_from_db()
    anna.photo.storage.delete(anna.photo.name)

    assert edit(owner, anna, role="Boots").status_code == 302


@pytest.mark.parametrize("content", [b"not a picture", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\x00" * 64])
def test_what_is_no_picture_is_refused_beside_the_field(owner, anna, content):
    response = edit(owner, anna, photo=SimpleUploadedFile("photo.png", content), role="Boots")
    page = response.content.decode()

    anna.refresh_from_db()
    assert response.status_code == 200
    assert 'value="Boots"' in page
    assert not anna.photo


def test_operators_may_not_edit_each_other(at_desk, anna, boris):
    response = edit(at_desk, boris, public_name="Clown")

    boris.refresh_from_db()
    assert response.status_code == 302
    assert boris.public_name == "Boris"


def test_operators_edit_themselves_in_their_account(at_desk, anna, boris):
    url = "/cms/account/"
    page = at_desk.get(url).content.decode()
    assert 'name="shopchat-public_name" value="Anna"' in page
    user = anna.user
    others = {
        "name_email-first_name": user.first_name,
        "name_email-last_name": user.last_name,
        "name_email-email": user.email,
        "locale-preferred_language": "",
        "locale-current_time_zone": "",
        "theme-theme": "system",
        "theme-contrast": "system",
        "theme-density": "default",
    }

    at_desk.post(
        url,
        {
            **others,
            "shopchat-public_name": "Hanna",
            "shopchat-greeting": "Ask me!",
            "shopchat-sends_with_ctrl_enter": "on",
        },
    )

    anna.refresh_from_db()
    boris.refresh_from_db()
    assert (anna.public_name, anna.greeting, anna.sends_with_ctrl_enter) == ("Hanna", "Ask me!", True)
    assert not anna.plays_sound
    assert boris.public_name == "Boris"


def test_others_have_no_such_panel(editor):
    assert "shopchat-public_name" not in editor.get("/cms/account/").content.decode()


def test_the_preference_reaches_the_composer(at_desk, anna, talk):
    url = reverse("shopchat_desk:pane", args=[talk.number])
    assert "Enter sends, Shift+Enter starts a new line" in at_desk.get(url).content.decode()

    Operator.objects.update(sends_with_ctrl_enter=True)

    assert "Ctrl+Enter sends" in at_desk.get(url).content.decode()


def test_who_may_answer_is_found_through_groups_and_rights(db):
    from shopchat.operators.roster import people_who_may_answer

    by_group, owner = UserFactory(answers_customers=True), UserFactory(superuser=True)
    UserFactory()
    UserFactory(answers_customers=True, is_active=False)
    OperatorFactory(user=by_group)

    assert set(people_who_may_answer()) == {by_group, owner}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("101", "101"), ("+380 (44) 123-45-67", "+380441234567"), ("", "")],
)
def test_the_owner_puts_operators_on_phone_duty(owner, anna, boris, typed, stored):
    hours = ScheduleFactory()

    edit(owner, anna, takes_calls="on", call_schedule=hours.pk, phone=typed)

    anna.refresh_from_db()
    boris.refresh_from_db()
    assert (anna.takes_calls, anna.call_schedule, anna.phone) == (True, hours, stored)
    assert (boris.takes_calls, boris.call_schedule, boris.phone) == (False, None, "")


@pytest.mark.parametrize(
    "typed", ["extension", "1", "+0441234567", "0441234567", "+380441234567890123", "١٠١", "101\r\nFrom: x"]
)
def test_a_phone_that_nothing_could_ring_is_refused_beside_its_field(owner, anna, typed):
    response = edit(owner, anna, takes_calls="on", phone=typed)

    anna.refresh_from_db()
    assert list(response.context["form"].errors) == ["phone"]
    assert "Write a number with its country code" in response.content.decode()
    assert typed in response.content.decode()
    assert (anna.takes_calls, anna.phone) == (False, "")


def test_duty_is_not_operators_own_to_change(anna):
    assert not {"takes_calls", "call_schedule", "phone"} & set(ProfileForm(instance=anna).fields)
