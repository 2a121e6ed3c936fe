import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from shopchat.operators import photos, presence
from shopchat.operators.models import PRESENT_FOR, Operator
from shopchat.operators.roster import may_answer, operator_for
from tests.factories import OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db


def picture(fmt="PNG", size=(600, 300), **kwargs):
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, fmt, **kwargs)
    return ContentFile(buffer.getvalue(), name="me.png")


def test_the_group_made_by_migration_answers_and_enters_the_admin_and_nothing_else():
    permissions = Group.objects.get(name="Chat operators").permissions.values_list(
        "content_type__app_label", "codename"
    )

    assert set(permissions) == {
        ("shopchat", "answer_conversations"),
        ("shopchat", "see_phone_numbers"),
        ("wagtailadmin", "access_admin"),
    }


def test_who_may_answer():
    assert may_answer(UserFactory(answers_customers=True))
    assert may_answer(UserFactory(superuser=True))
    assert not may_answer(UserFactory())
    assert not may_answer(UserFactory(superuser=True, is_active=False))
    assert not may_answer(AnonymousUser())


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"first_name": "Anna"}, "Anna"),
        ({"first_name": "", "username": "boris@shop.test"}, "Boris"),
        ({"first_name": "anna@shop.test"}, "Anna"),
    ],
)
def test_a_new_operators_name_never_shows_an_address(fields, name):
    user = UserFactory(**fields)

    operator = operator_for(user)

    assert (operator.public_name, str(operator)) == (name, name)
    assert operator_for(user) == operator


def test_presence_lapses_by_itself():
    now = timezone.now()
    here, gone, other = OperatorFactory(), OperatorFactory(), OperatorFactory()
    presence.heartbeat(here, now=now)
    presence.heartbeat(gone, now=now - PRESENT_FOR - timedelta(seconds=1))

    assert presence.present_operators(now=now) == [here]
    here.refresh_from_db()
    gone.refresh_from_db()
    assert (here.is_present(), gone.is_present(), other.is_present()) == (True, False, False)
    presence.leave(here)
    assert presence.present_operators(now=now) == []


def test_a_dismissed_operator_is_not_present():
    operator = OperatorFactory(present=True)
    before = presence.present_operators()

    operator.user.is_active = False
    operator.user.save()

    assert before == [operator]
    assert presence.present_operators() == []


def test_a_photo_becomes_a_small_square_without_metadata():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"

    result = photos.squared(picture("JPEG", exif=exif))

    with Image.open(result) as image:
        assert (image.format, image.size) == ("JPEG", (256, 256))
        assert not image.getexif()


def test_photos_that_are_refused(monkeypatch):
    photos.validate_photo(picture())
    with pytest.raises(ValidationError, match="JPEG"):
        photos.validate_photo(ContentFile(b"<svg onload=alert(1)>", name="x.png"))
    with pytest.raises(ValidationError, match="JPEG"):
        photos.validate_photo(picture("GIF"))
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    with pytest.raises(ValidationError, match="megapixels"):
        photos.validate_photo(picture())
    monkeypatch.setattr(photos, "MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="5 MB"):
        photos.validate_photo(picture())


def test_the_uploaded_name_is_dropped():
    assert "anna" not in photos.photo_path(Operator(), "anna-at-home.jpg")
