"""The suite's own promises: what migrations wrote is there, before and after a flush."""

import os

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone, translation
from wagtail.models import Collection, Page, Site

User = get_user_model()


def rows_of_migrations():
    return Site.objects.count(), Page.objects.count(), Collection.objects.count()


@pytest.mark.django_db
def test_a_test_starts_with_what_migrations_wrote():
    assert rows_of_migrations() == (1, 2, 1)


@pytest.mark.parametrize("turn", ["first", "second"])
@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_leaves_only_what_migrations_wrote(turn):
    assert rows_of_migrations() == (1, 2, 1)
    assert not User.objects.exists()

    User.objects.create_user("somebody")
    Site.objects.all().delete()

    assert User.objects.exists()


def test_the_live_server_shares_the_database(live_server, client):
    User.objects.create_user("somebody")

    response = client.get(live_server.url + "/cms/login/")

    assert response.status_code == 200


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_leaves_no_language_and_no_zone_behind(turn):
    assert (translation.get_language(), timezone.get_current_timezone_name()) == ("en", "Europe/Kyiv")

    translation.activate("ru")
    timezone.activate("America/New_York")


def test_one_process_runs_the_browser_tests_of_a_file(request):
    """They share a store, so that what one of them finds must not depend on where the others ran."""
    if not request.config.getoption("loadgroup", default=False):
        return
    alone = [
        item.nodeid
        for item in request.session.items
        if item.get_closest_marker("browser") and not item.nodeid.endswith(f"@{item.path.stem}")
    ]

    assert alone == []


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.xdist_group("suite")
def test_one_process_runs_all_of_a_group(turn, request, testrun_uid, tmp_path_factory):
    """Else servers are started twice, and faults are made on two sites at once."""
    if not request.config.getoption("loadgroup", default=False):
        return
    seen = tmp_path_factory.getbasetemp().parent / testrun_uid

    with seen.open("a") as file:
        file.write(f"{os.getpid()}\n")

    assert set(seen.read_text().split()) == {str(os.getpid())}
