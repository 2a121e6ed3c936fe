"""Every table is looked at: who adds one that holds a person's data has to say how it is exported and erased.

Each text column of each row that belongs to a person is given a mark of its own. Then the marks are looked for: in the
export, and, after the person was erased, in the whole database.
"""

import json

import pytest
from django.apps import apps
from django.db import models

from shopchat.contacts.models import Contact
from shopchat.privacy.erasing import erase
from shopchat.privacy.exporting import export

pytestmark = pytest.mark.django_db

# Tables that nobody can be known from, each with the reason.
OF_NOBODY = {
    "CallbackRules": "the shop's rules",
    "CartRules": "the shop's rules",
    "CartStep": "the shop's rules",
    "Circuit": "a channel's health",
    "ConsentText": "the shop's words",
    "DecisionTime": "one figure for a site, made from many orders",
    "Heartbeat": "signs of life of the worker",
    "Inbox": "the shop's entrance",
    "Operator": "of the shop's own people, who are no customers",
    "Revocation": "keyed hashes that live for minutes",
    "Schedule": "the shop's hours",
    "ScheduleException": "the shop's hours",
    "Suppression": "keyed hashes, kept so that whoever was erased is left alone further on",
    "SweepCursor": "how far the periodic work has read",
    "TelephonyAccount": "the shop's account",
    "TouchRules": "the shop's rules",
    "WidgetLook": "the same table as Inbox",
    "WorkingInterval": "the shop's hours",
}
# Columns that mean something to machines only, or are one of a few words of ours, and are no part of an export.
NOT_EXPORTED = {
    "BasketWatch": {"store", "user_id_text", "email_hash", "merged_into"},
    "CallAttempt": {"backend", "client_id", "provider_id", "reason"},
    "CallbackRequest": {"client_id", "open_phone"},
    "IssuedVoucher": {"person"},
    "RecoveryLink": {"token_hash", "restored_into"},
    "Touch": {"purpose", "person", "about"},
    "Delivery": {"purpose", "lane", "attempt", "provider_id", "reason"},
    "Message": {"client_id", "event"},
    "Visitor": {"key_hash"},
}
# What stays of an emptied request or basket, because nobody can be known from it.
STAYS = {"BasketWatch": {"store", "language", "currency", "device", "reason", "order_currency"},
         "RecoveryLink": {"token_hash"}, "IssuedVoucher": {"code", "currency"},
         "CallbackRequest": {"client_id", "number", "consent_hash", "result", "language", "outcome"}, "Conversation": {"number", "language"},
         "CallAttempt": {"client_id", "backend", "result", "reason"}}  # fmt: skip


def own_models():
    return list(apps.get_app_config("shopchat").get_models())


def path_to_contact(model, seen=()):
    """The lookup that leads from a row to its person, if one does."""
    if model is Contact:
        return "pk"
    relations = [
        field
        for field in model._meta.get_fields()
        if field.many_to_one and field.concrete and field.related_model not in seen
    ]
    for field in sorted(relations, key=lambda field: field.null):
        if field.related_model._meta.app_label != "shopchat":
            continue
        if field.related_model is Contact:
            return field.name
        if (further := path_to_contact(field.related_model, (*seen, model))) is not None:
            return f"{field.name}__{further}"
    return None


def of_people():
    return {model: path for model in own_models() if (path := path_to_contact(model)) is not None}


def text_columns(model):
    """Where words can be; a choice among words of ours cannot hold any."""
    kinds = (models.CharField, models.TextField, models.JSONField)
    return [field for field in model._meta.concrete_fields if isinstance(field, kinds) and not field.choices]


def mark(contact, prefix=""):
    """Give each text column of the person's rows a text that is nowhere else. Returns them by model and column."""
    marks = {}
    for model, path in of_people().items():
        for row in model._base_manager.filter(**{path: contact.pk}):
            for field in text_columns(model):
                if field.name == "event":  # ours, and the words depend on it
                    continue
                short = f"{prefix}{len(marks):x}"
                text = f"§{short}§"[: field.max_length or 99].ljust(min(4, field.max_length or 4), "§")
                value = {"said": text} if isinstance(field, models.JSONField) else text
                model._base_manager.filter(pk=row.pk).update(**{field.name: value})
                marks[(model.__name__, field.name, row.pk)] = text
    return marks


def everything_stored():
    """Every value of every text column of ours."""
    for model in own_models():
        for field in text_columns(model):
            for value in model._base_manager.values_list(field.name, flat=True):
                yield model.__name__, field.name, json.dumps(value, ensure_ascii=False)


def test_every_table_is_a_persons_or_nobodys():
    names = {model.__name__ for model in own_models()}
    people = {model.__name__ for model in of_people()}

    assert len(people) >= 8
    assert people & set(OF_NOBODY) == set()
    assert names - people - set(OF_NOBODY) == set()


def test_the_scene_has_a_row_in_each_table_of_a_person(olena):
    missing = [
        model.__name__
        for model, path in of_people().items()
        if not model._base_manager.filter(**{path: olena.contact.pk}).exists()
    ]

    assert missing == []


def test_the_export_holds_every_word(olena, petro):
    marks, others = mark(olena.contact), mark(petro.contact, "p")
    assert len(set(marks.values())) == len(marks)

    text = json.dumps(export(Contact.objects.get(pk=olena.contact.pk)), ensure_ascii=False)

    expected = {key: word for key, word in marks.items() if key[1] not in NOT_EXPORTED.get(key[0], set())}
    # A conversation's and a request's number are read out in groups.
    readable = {key: word.replace("§", "") if key[1] == "number" else word for key, word in expected.items()}
    missing = [key for key, word in readable.items() if word not in text]
    assert missing == []
    assert len(expected) > 20
    assert others


def test_nothing_of_anybody_else_is_in_the_export(olena, petro):
    text = json.dumps(export(olena.contact), ensure_ascii=False)

    for secret in (petro.contact.user.username, petro.identity.value, petro.request.phone, petro.conversation.number):
        assert str(secret) not in text
    assert olena.request.phone in text


def test_after_the_erasure_no_word_is_left(olena, petro):
    words = {key: word for key, word in mark(olena.contact).items() if key[1] not in STAYS.get(key[0], set())}
    before = list(everything_stored())
    assert all(any(word in value for *_place, value in before) for word in words.values())

    erase(olena.contact)

    left = [(place, word) for *place, value in everything_stored() for word in words.values() if word in value]
    assert left == []
    assert petro.request.phone in " ".join(value for *_place, value in everything_stored())


def test_the_walk_would_find_a_new_table():
    class Diary(models.Model):
        conversation = models.ForeignKey("shopchat.Conversation", on_delete=models.CASCADE)

        class Meta:
            app_label = "not_installed"

        def __str__(self):
            return ""

    assert path_to_contact(Diary) == "conversation__contact"
    assert Diary.__name__ not in OF_NOBODY
