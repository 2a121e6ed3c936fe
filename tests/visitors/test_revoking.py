"""Live tickets die with what they were given for."""

from datetime import timedelta

import pytest
from django.contrib.auth import login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends import cache as cache_sessions
from django.contrib.sessions.backends import db as db_sessions
from django.contrib.sessions.backends import signed_cookies
from django.db import DatabaseError
from django.test import RequestFactory
from django.utils import timezone

from shopchat.live import sources, tickets
from shopchat.visitors import holders, revoking
from shopchat.visitors.models import Revocation
from shopchat.visitors.recognition import recognise
from shopchat.visitors.revoking import AFTERWARDS_SECONDS, KEPT_FOR, forget_past, revoke
from shopchat.visitors.tidying import KEPT_FOR as SILENT_FOR
from shopchat.visitors.tidying import forget_silent
from tests.factories import UserFactory, visitor_with_key

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


def is_dead(ticket):
    found = tickets.read(ticket)
    return tickets.is_revoked(found, sources.read(tickets.revocations(found)))


def request_of(user=None, sessions=db_sessions):
    """A request of a browser, signed in as ``user`` if one is given."""
    request = RequestFactory().get("/")
    request.session = sessions.SessionStore()
    request.user = AnonymousUser()
    if user is not None:
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        request.session.save()
    return request


def ticket_of(request):
    return tickets.issue(["desk"], holders=holders.signed_in(request, holders.of_account(request.user)))


def test_a_revoked_holder_kills_its_tickets_and_no_others():
    mine, both = tickets.issue(["desk"], holders=["account.1"]), tickets.issue(["desk"], holders=["x.1", "account.1"])
    strangers, nobodys = tickets.issue(["desk"], holders=["account.11"]), tickets.issue(["desk"])
    assert not is_dead(mine)

    revoke(["account.1", "account.1", ""])

    assert [is_dead(ticket) for ticket in (mine, both, strangers, nobodys)] == [True, True, False, False]
    assert Revocation.objects.count() == 1


def test_an_account_may_have_new_tickets_at_once_a_session_never_again(time_machine):
    time_machine.move_to(NOW, tick=False)
    revoke(["account.1", "session.a"])

    time_machine.move_to(NOW + 1, tick=False)
    account, session = (tickets.issue(["desk"], holders=[holder]) for holder in ("account.1", "session.a"))

    assert (is_dead(account), is_dead(session)) == (False, True)


def test_of_several_revocations_the_latest_counts(time_machine):
    time_machine.move_to(NOW, tick=False)
    revoke(["account.1"])
    time_machine.move_to(NOW + 10, tick=False)
    ticket = tickets.issue(["desk"], holders=["account.1"])
    assert not is_dead(ticket)

    revoke(["account.1"])

    assert is_dead(ticket)


def test_many_holders_cost_one_query(django_assert_num_queries):
    revoke(["account.1", "account.2"])
    topics = [f"revoked.account.{number}" for number in range(300)]

    with django_assert_num_queries(1):
        found = sources.read(topics)

    assert sorted(topic for topic, stamp in found.items() if stamp) == ["revoked.account.1", "revoked.account.2"]


def test_what_was_revoked_lately_is_in_the_feed(time_machine):
    time_machine.move_to(NOW, tick=False)
    revoke(["account.1"])
    time_machine.move_to(NOW + 60, tick=False)
    revoke(["account.2"])

    found = revoking._moved(timezone.now() - timedelta(seconds=30))

    assert found == {"revoked.account.2": str(NOW + 60)}


def test_logging_out_ends_this_log_in_and_leaves_the_accounts_others():
    user = UserFactory()
    here, elsewhere = request_of(user), request_of(user)
    tickets_of_both = ticket_of(here), ticket_of(elsewhere)
    assert not any(map(is_dead, tickets_of_both))

    logout(here)

    assert [is_dead(ticket) for ticket in tickets_of_both] == [True, False]


def test_a_ticket_given_out_by_a_request_that_outlived_its_session_is_dead(time_machine):
    time_machine.move_to(NOW, tick=False)
    here = request_of(UserFactory())
    held = holders.signed_in(here, holders.of_account(here.user))
    logout(here)

    time_machine.move_to(NOW + AFTERWARDS_SECONDS, tick=False)

    assert is_dead(tickets.issue(["desk"], holders=held))


def test_after_logging_in_again_a_fresh_ticket_holds():
    user = UserFactory()
    here = request_of(user)
    old = ticket_of(here)
    logout(here)

    login(here, user, backend="django.contrib.auth.backends.ModelBackend")
    here.session.save()

    assert (is_dead(old), is_dead(ticket_of(here))) == (True, False)


def test_another_users_log_in_in_the_same_browser_ends_the_first_ones():
    first, second = UserFactory(), UserFactory()
    here, elsewhere = request_of(first), request_of(first)
    old, others = ticket_of(here), ticket_of(elsewhere)
    here.COOKIES["sessionid"] = here.session.session_key

    login(here, second, backend="django.contrib.auth.backends.ModelBackend")

    assert (is_dead(old), is_dead(others)) == (True, False)


def test_sessions_in_the_cookie_are_revoked_with_their_account(time_machine):
    time_machine.move_to(NOW, tick=False)
    user, stranger = UserFactory(), UserFactory()
    here, elsewhere, other = (request_of(who, signed_cookies) for who in (user, user, stranger))
    held = [ticket_of(request) for request in (here, elsewhere, other)]
    assert holders.of_session(here.session) == ""

    logout(here)

    assert [is_dead(ticket) for ticket in held] == [True, True, False]
    time_machine.move_to(NOW + 1, tick=False)
    assert not is_dead(ticket_of(elsewhere))


def test_sessions_in_a_cache_have_a_key_of_their_own():
    here = request_of(UserFactory(), cache_sessions)
    ticket = ticket_of(here)

    logout(here)

    assert holders.SESSION in ticket_holder_kinds(ticket)
    assert is_dead(ticket)


def ticket_holder_kinds(ticket):
    return {holder.partition(".")[0] for holder in tickets.read(ticket).holders}


def test_an_anonymous_log_out_revokes_nothing():
    logout(request_of())

    assert not Revocation.objects.exists()


def test_a_table_that_cannot_be_written_keeps_nobody_signed_in(monkeypatch, caplog):
    here = request_of(UserFactory())
    key = here.session.session_key

    def fail(gone):
        raise DatabaseError("no such table, says a text that nobody needs")

    monkeypatch.setattr(revoking, "revoke", fail)

    logout(here)

    assert not here.user.is_authenticated
    assert not db_sessions.SessionStore(key).exists(key)
    assert "DatabaseError" in caplog.text
    assert "no such table" not in caplog.text


def test_a_key_that_joined_an_account_is_revoked():
    visitor, key = visitor_with_key()
    other, _ = visitor_with_key()
    held = [tickets.issue(["desk"], holders=[holders.of_visitor(one.key_hash)]) for one in (visitor, other)]

    recognise(key=key, user=UserFactory())

    assert [is_dead(ticket) for ticket in held] == [True, False]


def test_a_silent_visitor_is_forgotten_with_their_tickets():
    visitor, _ = visitor_with_key()
    visitor.contact.created_at = timezone.now() - SILENT_FOR - timedelta(hours=1)
    visitor.contact.save()
    ticket = tickets.issue(["desk"], holders=[holders.of_visitor(visitor.key_hash)])

    assert forget_silent() == 1

    assert is_dead(ticket)


def test_revocations_are_kept_as_long_as_a_ticket_may_live():
    now = timezone.now()
    for age in (KEPT_FOR - timedelta(seconds=5), KEPT_FOR + timedelta(seconds=5)):
        Revocation.objects.create(holder=f"account.{age.seconds}", revoked_at=now - age)

    assert forget_past(now=now) == 1

    assert Revocation.objects.get().revoked_at > now - KEPT_FOR
    assert timedelta(seconds=tickets.VALID_SECONDS + AFTERWARDS_SECONDS) < KEPT_FOR


def test_holders_tell_nothing_and_differ():
    user = UserFactory(password="secret")
    here, elsewhere = request_of(user), request_of(user)
    visitor, key = visitor_with_key()

    ours = [*holders.signed_in(here, holders.of_operator(user)), holders.of_visitor(visitor.key_hash)]

    assert set(ours) & set(holders.signed_in(elsewhere, holders.of_account(user))) == {holders.of_password(user)}
    assert not any(
        secret in holder
        for holder in ours
        for secret in (here.session.session_key, key, visitor.key_hash, user.password)
    )
    assert max(map(len, ours)) <= Revocation._meta.get_field("holder").max_length
