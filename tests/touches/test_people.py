import pytest

from shopchat.touches.people import is_held_out, person_key
from tests.factories import ContactFactory


@pytest.mark.django_db
class TestKey:
    def test_an_account_is_one_person_on_all_devices(self):
        contact = ContactFactory(signed_in=True)

        assert person_key(contact=contact, ref="b1") == person_key(user_id=str(contact.user_id), ref="b2")

    def test_without_an_account_it_is_the_contact_else_the_basket(self):
        contact = ContactFactory()

        assert person_key(contact=contact, ref="b1") == f"contact:{contact.pk}"
        assert person_key(ref="b1") == "ref:b1"
        assert len(person_key(ref="b" * 200)) <= 120
        with pytest.raises(ValueError, match="nobody"):
            person_key()


class TestHoldout:
    def test_the_share_over_ten_thousand_people(self):
        held = sum(is_held_out(f"user:{n}", "carts", 10) for n in range(10_000))

        assert 910 <= held <= 1090  # three standard deviations

    def test_it_is_stable_and_another_for_another_rule(self):
        people = [f"user:{n}" for n in range(2000)]
        first = {person for person in people if is_held_out(person, "carts", 10)}

        assert first == {person for person in people if is_held_out(person, "carts", 10)}
        assert first <= {person for person in people if is_held_out(person, "carts", 20)}
        assert len(first & {person for person in people if is_held_out(person, "other", 10)}) < len(first) / 2

    def test_nobody_and_half(self):
        people = [f"user:{n}" for n in range(2000)]

        assert not any(is_held_out(person, "carts", 0) for person in people)
        assert 930 <= sum(is_held_out(person, "carts", 50) for person in people) <= 1070

    def test_only_who_has_the_key_can_tell(self, settings):
        people = [f"user:{n}" for n in range(500)]
        before = [is_held_out(person, "carts", 50) for person in people]

        settings.SECRET_KEY = "another"

        assert before != [is_held_out(person, "carts", 50) for person in people]
