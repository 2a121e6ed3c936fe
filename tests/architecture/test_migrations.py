"""Migrations say what the models say, and start on the oldest Wagtail."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

# The last migration of each of Wagtail's apps in 7.4, the oldest that we support.
OLDEST = {"wagtailcore": 97, "wagtailimages": 27, "wagtaildocs": 14}


def changes(state):
    """What `makemigrations shopchat` would write for these models."""
    known = MigrationLoader(None).project_state()
    return MigrationAutodetector(known, state).changes(graph=_graph(), trim_to_apps={"shopchat"})


def too_new(dependencies):
    """Dependencies that the oldest Wagtail does not have."""
    return [
        (app, name)
        for app, name in dependencies
        if app in OLDEST and name[:4].isdigit() and int(name[:4]) > OLDEST[app]
    ]


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", "shopchat", check=True, dry_run=True, verbosity=0)


def test_a_forgotten_field_is_found():
    state = ProjectState.from_apps(apps)
    some_model = min(key for key in state.models if key[0] == "shopchat")

    state.models[some_model].fields["forgotten"] = models.IntegerField(null=True)

    assert list(changes(state)) == ["shopchat"]
    assert changes(ProjectState.from_apps(apps)) == {}


def test_migrations_depend_on_nothing_newer_than_the_oldest_wagtail():
    ours = [node for key, node in _graph().nodes.items() if key[0] == "shopchat"]

    assert ours
    assert [found for migration in ours for found in too_new(migration.dependencies)] == []


@pytest.mark.parametrize(("name", "found"), [("0098_apitoken", True), ("0097_anything", False), ("__first__", False)])
def test_a_dependency_that_is_too_new_is_found(name, found):
    assert bool(too_new([("wagtailcore", name)])) is found


def _graph():
    return MigrationLoader(None).graph
