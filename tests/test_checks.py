import json
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import override_settings
from django.utils import timezone

from shopchat import checks, examination
from shopchat.callbacks.models import CallbackRules
from shopchat.conf import settings
from shopchat.contacts.models import ConsentText
from shopchat.conversations import resending
from shopchat.core import heartbeats, http
from shopchat.live.bus.local import LocalBus
from shopchat.live.bus.trial import round_trip
from shopchat.operators.models import Operator, WorkingInterval
from tests.factories import (
    CallbackRequestFactory,
    CallbackRulesFactory,
    ConsentTextFactory,
    DeliveryFactory,
    InboxFactory,
    OperatorFactory,
    ScheduleFactory,
    TelephonyAccountFactory,
)

# Some of Django's own checks ask the database what it can do.
pytestmark = pytest.mark.django_db


def ids(**kwargs):
    return {message.id for message in run_checks(**kwargs) if str(message.id).startswith("shopchat.")}


def test_the_suites_own_project_is_clean():
    assert ids(include_deployment_checks=False, databases=["default"]) == set()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"STOER": {}}, "shopchat.W001"),
        ({"STORE": {"BACKEND": "nowhere.Store"}}, "shopchat.E001"),
        ({"LIVE": {"BACKEND": "nowhere.Stamps"}}, "shopchat.E002"),
        ({"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps", "CACHE": "files"}}, "shopchat.E002"),
        ({"BUS": {"BACKEND": "nowhere.Bus"}}, "shopchat.E012"),
        (
            {"BUS": {"BACKEND": "shopchat.live.bus.database.DatabaseBus", "OPTIONS": {"DATABASE": "nowhere"}}},
            "shopchat.E202",
        ),
        ({"STREAM": {"HEARTBEAT": 600}}, "shopchat.E013"),
        ({"STREAM": {"ENABELD": True}}, "shopchat.E013"),
        ({"STREAM": {"ENABLED": "yes"}}, "shopchat.E013"),
        ({"STREAM": {"MAX": 0}}, "shopchat.E013"),
        (
            {"STREAM": {"ENABLED": True}, "BUS": {"BACKEND": "shopchat.live.bus.local.LocalBus"}},
            "shopchat.W013",
        ),
        ({"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps"}}, "shopchat.W002"),
        ({"RATE_LIMITS": {"visitor_messages": "often"}}, "shopchat.E003"),
        ({"RATE_LIMITS": {"confirmation_mails": "1/hour;2/day"}}, "shopchat.E003"),
        ({"RATE_LIMITS": {"visitor_mesages": "1/minute"}}, "shopchat.W003"),
    ],
)
def test_a_wrong_setting_is_found_and_the_remedy_told(value, expected):
    before = ids()

    with override_settings(SHOPCHAT=value):
        found = [message for message in run_checks() if message.id == expected]

    assert expected not in before
    assert found
    assert found[0].hint


def test_stamps_straight_in_redis_do_not_need_a_shared_cache():
    straight = {"BACKEND": "shopchat.live.redis_stamps.RedisStamps", "OPTIONS": {"URL": "redis://127.0.0.1:1/0"}}

    with override_settings(SHOPCHAT={"LIVE": {"BACKEND": "shopchat.live.stamps.CacheStamps"}}):
        assert "shopchat.W002" in ids()
    with override_settings(SHOPCHAT={"LIVE": straight}):
        assert "shopchat.W002" not in ids()


def test_missing_addresses_are_found():
    with override_settings(ROOT_URLCONF="tests.urls_without_chat"):
        assert "shopchat.E004" in ids()


def test_a_missing_app_is_found(monkeypatch):
    before = ids()
    monkeypatch.setattr("shopchat.checks.apps.is_installed", lambda name: name != "django_htmx")

    assert ids() - before == {"shopchat.E005"}


def test_sqlite_that_fails_instead_of_waiting_is_found(settings):
    from shopchat.checks import check_sqlite

    if "sqlite" not in settings.DATABASES["default"]["ENGINE"]:
        assert check_sqlite(None, databases=["default"]) == []
        return
    assert check_sqlite(None) == []
    assert check_sqlite(None, databases=["default"]) == []
    database = {**settings.DATABASES["default"], "OPTIONS": {}}
    settings.DATABASES["default"], kept = database, settings.DATABASES["default"]
    try:
        assert [message.id for message in check_sqlite(None, databases=["default"])] == ["shopchat.W004"]
    finally:
        settings.DATABASES["default"] = kept


GOOD_QUEUE = {"orm": "default", "timeout": 60, "retry": 120, "max_attempts": 3, "catch_up": False}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"timeout": None}, "shopchat.W005"),
        ({"retry": 60}, "shopchat.W005"),
        ({"max_attempts": 0}, "shopchat.W020"),
        ({"catch_up": True}, "shopchat.W021"),
        ({"save_limit": 0}, "shopchat.W022"),
        ({"save_limit": 100_000}, "shopchat.W022"),
        ({"orm": None, "redis": "redis://127.0.0.1/1"}, "shopchat.W023"),
        ({"orm": "elsewhere"}, "shopchat.W023"),
    ],
)
def test_a_habit_of_the_queue_that_a_shop_would_not_want_is_found(settings, options, expected):
    settings.Q_CLUSTER = GOOD_QUEUE
    assert ids() == set()

    settings.Q_CLUSTER = {**GOOD_QUEUE, **options}

    assert ids() == {expected}
    assert all(message.hint for message in run_checks() if message.id == expected)


def test_without_the_queue_its_habits_do_not_matter(settings, monkeypatch):
    settings.Q_CLUSTER = {}
    assert "shopchat.W020" in ids()

    monkeypatch.setattr("shopchat.checks.has_queue", lambda: False)

    assert ids() == set()


def test_mail_that_could_not_link_to_the_desk_is_found(settings):
    settings.WAGTAILADMIN_BASE_URL = ""

    assert ids() == {"shopchat.W024", "shopchat.W010"}
    with override_settings(SHOPCHAT={"BASE_URL": "https://shop.example"}):
        assert ids() == {"shopchat.W024"}


@pytest.mark.parametrize(
    ("value", "key"), [([], "LIVE"), ({"LIVE": "x"}, "LIVE"), ({"TRUSTED_PROXIES": -1}, "TRUSTED_PROXIES")]
)
def test_a_setting_of_the_wrong_shape_is_refused(value, key):
    with override_settings(SHOPCHAT=value), pytest.raises(ImproperlyConfigured):
        getattr(settings, key)


def test_settings_have_defaults():
    with override_settings(SHOPCHAT={}):
        assert settings.TRUSTED_PROXIES == 0
        assert settings.VISITOR_COOKIE["NAME"] == "shopchat_visitor"
        assert settings.STORE["BACKEND"].endswith("NoStore")


def test_the_doctor_finds_a_ready_shop_well():
    OperatorFactory()
    InboxFactory(schedule=ScheduleFactory())
    out = StringIO()

    call_command("shopchat_doctor", "--json", stdout=out)

    answer = json.loads(out.getvalue())
    assert answer["ok"] is True
    assert {finding["name"] for finding in answer["findings"]} >= {
        "settings",
        "migrations",
        "operators",
        "store",
        "live",
        "bus",
    }


def test_the_doctor_names_the_bus_and_tries_it(monkeypatch):
    class Deaf(LocalBus):
        def publish(self, topics):
            pass

    usual = examination._bus()
    with override_settings(SHOPCHAT={"BUS": {"BACKEND": "shopchat.live.bus.local.LocalBus"}}):
        tried = examination._bus()
    monkeypatch.setattr(examination, "bus", Deaf)
    monkeypatch.setattr(examination, "round_trip", partial(round_trip, within=0.1))
    deaf = examination._bus()

    assert usual.ok
    assert usual.says.startswith("DatabaseBus")
    assert tried.ok
    assert "came back in" in tried.says
    assert "one process only" in tried.says
    assert not deaf.ok
    assert deaf.remedy


def test_callbacks_without_a_captcha_are_found(monkeypatch):
    rules = CallbackRulesFactory()
    with_it = ids(databases=["default"])
    monkeypatch.setattr(checks.proof_of_work, "is_available", lambda: False)

    assert "shopchat.W030" not in with_it
    assert "shopchat.W030" in ids(databases=["default"])
    assert "shopchat.W030" not in ids()
    CallbackRules.objects.filter(pk=rules.pk).update(is_active=False)
    assert "shopchat.W030" not in ids(databases=["default"])


def test_before_the_first_migration_nothing_is_said_about_callbacks(monkeypatch):
    def no_table(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(checks.proof_of_work, "is_available", lambda: False)
    monkeypatch.setattr(CallbackRules.objects, "filter", no_table)

    assert checks.check_captcha(None, databases=["default"]) == []


class TestTheDoctorAndCallbacks:
    """Each lack on its own; the shop without any is well."""

    def test_a_shop_that_offers_none_is_well(self):
        CallbackRulesFactory(is_active=False)

        assert examination._callbacks().ok

    def test_a_shop_that_keeps_its_promises_is_well(self):
        rules = CallbackRulesFactory()
        OperatorFactory(takes_calls=True)
        ConsentTextFactory(inbox=rules.inbox)

        assert examination._callbacks().ok
        assert examination._callbacks().says == "1 widget(s) offer calls"

    @pytest.mark.parametrize(
        ("lack", "says"),
        [
            (lambda rules: Operator.objects.update(takes_calls=False), "nobody is on phone duty"),
            (lambda rules: WorkingInterval.objects.filter(schedule=rules.schedule).delete(), "has no hours"),
            (lambda rules: Operator.objects.update(call_schedule=ScheduleFactory(weekdays=[])), "has no free time"),
            (lambda rules: CallbackRules.objects.update(default_region="XX"), "countries that there are not: XX"),
            (lambda rules: ConsentText.objects.all().delete(), "no consent text of its own"),
        ],
    )
    def test_what_is_lacking_is_told_with_its_remedy(self, lack, says):
        rules = CallbackRulesFactory()
        OperatorFactory(takes_calls=True)
        ConsentTextFactory(inbox=rules.inbox)
        lack(rules)

        finding = examination._callbacks()

        assert not finding.ok
        assert not finding.serious
        assert says in finding.says
        assert finding.remedy

    def test_promises_that_nobody_can_keep_are_told(self):
        rules = CallbackRulesFactory()
        OperatorFactory(takes_calls=True)
        ConsentTextFactory(inbox=rules.inbox)
        night = timezone.now().replace(hour=23, minute=0) + timedelta(days=2)
        span = {"slot_at": night, "slot_until": night + timedelta(minutes=30)}
        request = CallbackRequestFactory(inbox=rules.inbox, seat=1, **span)

        finding = examination._callbacks()

        assert f"1 promised call(s) lie where nobody calls, the first is {request.readable_number}" in finding.says
        assert "another time" in finding.remedy


def test_the_doctor_gives_notice_without_alarm():
    InboxFactory()
    out = StringIO()

    call_command("shopchat_doctor", stdout=out)

    assert "notice  operators" in out.getvalue()
    assert "working hours" in out.getvalue()


def test_the_doctor_ends_with_1_when_something_is_wrong():
    out = StringIO()

    with override_settings(SHOPCHAT={"STORE": {"BACKEND": "nowhere.Store"}}), pytest.raises(CommandError) as ended:
        call_command("shopchat_doctor", stdout=out)

    assert ended.value.returncode == 1
    assert "WRONG   shopchat.E001" in out.getvalue()


def findings():
    return {finding.name: finding for finding in examination.examine()}


class TestOutbox:
    """What the doctor says of deliveries and of who sends them."""

    def test_a_fresh_shop_is_told_that_nothing_runs_yet_without_alarm(self):
        found = findings()

        assert (found["outbox"].ok, found["deliveries"].ok, found["worker"].ok) == (True, True, False)
        assert not found["worker"].serious

    def test_work_that_was_done_a_moment_ago_is_well(self):
        heartbeats.beat(heartbeats.PERIODIC)

        assert findings()["worker"].ok

    def test_a_worker_that_fell_silent_is_an_alarm(self):
        heartbeats.beat(heartbeats.PERIODIC, now=timezone.now() - timedelta(minutes=3))

        worker = findings()["worker"]

        assert (worker.ok, worker.serious) == (False, True)
        assert "qcluster" in worker.remedy

    @pytest.mark.parametrize(
        "fields",
        [
            {"due_at": timezone.now() - timedelta(minutes=6)},
            {"state": "sending", "lease_until": timezone.now() - timedelta(minutes=6)},
        ],
        ids=["due for long", "held by the dead"],
    )
    def test_a_row_that_is_stuck_is_an_alarm(self, fields):
        DeliveryFactory()
        DeliveryFactory(state="sent", due_at=timezone.now() - timedelta(days=1))
        assert findings()["outbox"].ok

        DeliveryFactory(**fields)

        assert not findings()["outbox"].ok

    @pytest.mark.parametrize("trait", ["failed", "unconfirmed"])
    def test_what_went_wrong_is_an_alarm_until_somebody_dismisses_it(self, trait):
        row = DeliveryFactory(**{trait: True})
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("shopchat_doctor", stdout=out)
        assert "WRONG   deliveries" in out.getvalue()

        resending.dismiss(row)

        assert findings()["deliveries"].ok


def test_the_doctor_survives_what_it_finds(monkeypatch):
    from django.db import DatabaseError

    def broken():
        raise DatabaseError

    assert examination._safely(broken).remedy == "Run manage.py migrate."


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"shopchat.W005"}),
        ({"timeout": 60, "retry": 60}, {"shopchat.W005"}),
        ({"timeout": 60, "retry": 120}, set()),
    ],
)
def test_a_queue_that_runs_jobs_twice_is_found(monkeypatch, options, expected):
    monkeypatch.setattr("shopchat.checks.has_queue", lambda: True)

    with override_settings(Q_CLUSTER=options):
        assert ids() & {"shopchat.W005"} == expected


class TestTelephony:
    """What the doctor says of accounts with providers of telephony."""

    def test_an_account_that_can_be_used_is_well(self):
        TelephonyAccountFactory()

        assert findings()["telephony"].ok

    @pytest.mark.parametrize(
        ("fields", "reason", "remedy"),
        [
            ({"credentials": "1:nonsense"}, "cannot_unseal", "SECRET_KEY_FALLBACKS"),
            ({"backend": "gone"}, "no_account", "another one"),
            ({"credentials": ""}, "set_up", "Complete"),
        ],
    )
    def test_one_that_cannot_be_used_is_named_with_the_remedy(self, fields, reason, remedy):
        account = TelephonyAccountFactory(**fields)

        found = findings()["telephony"]

        assert (found.ok, found.serious, found.says) == (False, True, f"{account.inbox.name}: {reason}")
        assert remedy in found.remedy

    def test_a_package_that_is_missing_is_named(self, monkeypatch):
        TelephonyAccountFactory()
        monkeypatch.setattr(http, "_INSTALLED", False)

        assert "shopchat[telephony]" in findings()["telephony"].remedy

    def test_a_former_key_that_is_still_needed_is_a_notice(self, settings):
        TelephonyAccountFactory()
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another key that is long enough for the doctor not to complain"

        found = findings()["telephony"]

        assert (found.ok, found.serious) == (False, False)
        assert "Save the account once" in found.remedy

    @pytest.mark.parametrize(
        "fields", [{"is_active": False, "credentials": "1:x"}, {"backend": "tel", "credentials": ""}]
    )
    def test_an_account_that_makes_no_calls_concerns_nobody(self, fields):
        TelephonyAccountFactory(**fields)

        assert findings()["telephony"].ok
