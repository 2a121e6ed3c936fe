"""Alerts to operators about promises: to whom, what they say, and when they are no longer wanted."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from wagtail.users.models import UserProfile

from shopchat.callbacks import alerts, changing
from shopchat.callbacks.models import CallbackRequest
from shopchat.conversations import delivery
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Delivery
from shopchat.operators.models import Operator
from tests.factories import CallbackRequestFactory, OperatorFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def anna():
    return OperatorFactory(public_name="Anna", user__username="anna@example.test")


def soon(**kwargs):
    return CallbackRequestFactory(
        number="4821", due_at=NOW - 25 * MINUTE, promised_until=NOW + 5 * MINUTE, about="my card is 4111", **kwargs
    )


def tell(request, operator, stage="soon"):
    alerts.alert(request, [operator], stage, promised_until=request.promised_until)
    return Delivery.objects.get()


def supervise(operator):
    operator.user.user_permissions.add(Permission.objects.get(codename="supervise_callbacks"))


class TestWhom:
    def test_the_team_is_on_phone_duty(self, anna):
        boris = OperatorFactory(takes_calls=True)
        OperatorFactory(takes_calls=True, user=UserFactory())  # may not answer

        assert alerts.team() == [boris]

    def test_where_nobody_is_on_duty_it_is_everybody_who_may_answer(self, anna):
        OperatorFactory(user=UserFactory())

        assert alerts.team() == [anna]

    def test_supervisors_have_the_permission(self, anna):
        OperatorFactory()
        supervise(anna)
        gone = OperatorFactory(user__is_active=False)
        supervise(gone)
        chief = UserFactory(superuser=True)

        found = alerts.supervisors()

        assert {operator.user for operator in found} == {anna.user, chief}
        assert alerts.supervisors() == found
        assert Operator.objects.filter(user=chief).count() == 1

    def test_an_assignee_who_may_not_answer_any_more_has_nothing(self, anna):
        request = soon(assignee=anna)
        assert alerts.assignee_who_answers(request) == anna

        anna.user.groups.clear()
        request = CallbackRequest.objects.get(pk=request.pk)

        assert alerts.assignee_who_answers(request) is None
        assert alerts.assignee_who_answers(CallbackRequestFactory()) is None


class TestTheMail:
    def test_it_names_the_request_and_links_to_the_desk_and_nothing_else(self, anna, mailoutbox, settings):
        settings.WAGTAILADMIN_BASE_URL = "https://shop.example.com/"
        request = soon()
        tell(request, anna)

        delivery.send_due()

        message = mailoutbox[0]
        assert message.to == ["anna@example.test"]
        assert message.subject == "Callback C-4821 has to be made"
        assert "C-4821 is promised within 5 minutes" in message.body
        assert "https://shop.example.com/cms/chat/callbacks/4821/" in message.body
        for private in ("Olena", "4111", request.phone, request.phone_tail):
            assert private not in message.message().as_string()

    def test_one_about_a_missed_promise_says_so(self, anna, mailoutbox):
        supervise(anna)
        tell(soon(), anna, "missed")

        delivery.send_due()

        assert mailoutbox[0].subject == "Callback C-4821 was missed"
        assert "Nobody called for callback C-4821 in time." in mailoutbox[0].body

    def test_one_that_left_late_does_not_name_minutes_that_are_over(self, anna, mailoutbox):
        tell(soon(), anna)

        with time_machine.travel(NOW + 6 * MINUTE, tick=False):
            delivery.send_due()

        assert "The time that was promised for callback C-4821 is over" in mailoutbox[0].body

    def test_without_an_admin_address_it_has_no_link(self, anna, mailoutbox, settings):
        settings.WAGTAILADMIN_BASE_URL = ""
        tell(soon(), anna)

        delivery.send_due()

        assert "://" not in mailoutbox[0].body

    @pytest.mark.parametrize(("chosen", "language"), [("uk", "uk"), ("", "en")])
    def test_it_speaks_the_operators_language(self, anna, chosen, language):
        UserProfile.objects.create(user=anna.user, preferred_language=chosen)
        tell(soon(), anna)

        assert alerts.build(Delivery.objects.for_sending().get()).language == language


def call_it_off(request, anna):
    changing.cancel(request)


def erase(request, anna):
    CallbackRequest.objects.filter(pk=request.pk).update(number="9999")


def take_another_time(request, anna):
    CallbackRequest.objects.filter(pk=request.pk).update(promised_until=NOW + 50 * MINUTE)


def take_the_permission(request, anna):
    anna.user.groups.clear()
    anna.user.user_permissions.clear()


def switch_off(request, anna):
    Operator.objects.update(alerts_by_email=False)


def take_the_address(request, anna):
    type(anna.user).objects.filter(pk=anna.user.pk).update(email="")


@pytest.mark.parametrize(
    ("stage", "happens", "reason"),
    [
        ("soon", call_it_off, "over"),
        ("missed", call_it_off, "over"),
        ("soon", erase, "over"),
        ("soon", take_another_time, "another_time"),
        ("missed", take_another_time, ""),
        ("soon", take_the_permission, "no_operator"),
        ("missed", take_the_permission, "no_operator"),
        ("soon", switch_off, "switched_off"),
        ("soon", take_the_address, "no_address"),
    ],
)
def test_one_that_events_overtook_is_dropped_with_its_reason(anna, stage, happens, reason):
    supervise(anna)
    request = soon()
    row = tell(request, anna, stage)
    assert alerts.why_not(row) == ""

    happens(request, anna)
    delivery.send_due()

    row.refresh_from_db()
    assert (row.state, row.reason) == (("dropped", reason) if reason else ("sent", ""))
    assert not reason or str(kind_of(alerts.KIND).reasons[reason])


def test_each_promise_and_stage_is_told_once(anna):
    request = soon()
    for stage in ("soon", "soon", "missed"):
        alerts.alert(request, [anna], stage, promised_until=request.promised_until)
    alerts.alert(request, [anna], "soon", promised_until=request.promised_until + MINUTE)

    assert Delivery.objects.count() == 3
