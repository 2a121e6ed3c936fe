"""The widget's look and texts, and the preview beside the form."""

import pytest
from django.test import override_settings
from django.urls import reverse

from shopchat.desk.languages import languages
from shopchat.desk.models import WidgetLook
from tests.factories import ConversationFactory, InboxFactory, ScheduleFactory


def fields(**changes):
    return {
        "name": "Shop",
        "hostname": "",
        "accent": "#0b6e4f",
        "side": "end",
        "launcher": "pill",
        "is_active": "on",
        "alert_after_minutes": "5",
        "answer_mail_after_minutes": "5",
        **changes,
    }


def edit(client, inbox, **changes):
    return client.post(reverse("shopchat_widgets:edit", args=[inbox.pk]), fields(**changes))


def preview(client, inbox, mode="en", **changes):
    """What the panel beside the form shows: it posts the form first, then asks."""
    url = reverse("shopchat_widgets:preview_on_edit", args=[inbox.pk])
    texts = {f"text_{code}_{key}": text for code, written in inbox.texts.items() for key, text in written.items()}
    client.post(url, fields(**texts, is_active="on" if inbox.is_active else "", **changes))
    return client.get(url, {"mode": mode})


def test_colours_side_and_texts_are_stored(owner):
    inbox, schedule = InboxFactory(texts={"uk": {"title": "Чат"}}), ScheduleFactory()

    response = edit(
        owner,
        inbox,
        accent="#7a1fa2",
        side="start",
        launcher="circle",
        schedule=schedule.pk,
        text_en_welcome=" Hello! ",
        text_ru_title="Чат",
    )

    inbox.refresh_from_db()
    assert response.status_code == 302
    assert (inbox.accent, inbox.side, inbox.launcher, inbox.schedule) == ("#7a1fa2", "start", "circle", schedule)
    assert inbox.texts == {"en": {"welcome": "Hello!"}, "ru": {"title": "Чат"}}


def test_how_long_a_customer_may_wait_is_stored(owner):
    inbox, other = InboxFactory(), InboxFactory(hostname="other.test")

    edit(owner, inbox, alert_after_minutes="15", answer_mail_after_minutes="0")

    inbox.refresh_from_db()
    other.refresh_from_db()
    assert (inbox.alert_after_minutes, inbox.answer_mail_after_minutes) == (15, 0)
    assert other.alert_after_minutes == 5


def test_texts_of_languages_left_out_for_now_are_kept(owner):
    inbox = InboxFactory(texts={"de": {"title": "Chat"}})

    edit(owner, inbox, text_en_title="Talk to us")

    inbox.refresh_from_db()
    assert inbox.texts == {"de": {"title": "Chat"}, "en": {"title": "Talk to us"}}


def test_the_form_shows_what_is_stored(owner):
    inbox = InboxFactory(texts={"uk": {"title": "Напишіть нам"}})

    page = owner.get(reverse("shopchat_widgets:edit", args=[inbox.pk])).content.decode()

    assert 'value="Напишіть нам"' in page
    for name in ("English", "Русский", "Українська"):
        assert name in page


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"accent": "#777777"}, "Neither white nor dark text can be read on this colour."),
        ({"accent": "green"}, "Write a colour as # and six digits"),
        ({"text_en_launcher": "x" * 31}, "at most 30 characters"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_errors_stand_beside_the_field(owner, changes, reason):
    inbox = InboxFactory()

    response = edit(owner, inbox, **changes)
    page = response.content.decode()

    before = inbox.accent
    inbox.refresh_from_db()
    assert response.status_code == 200
    assert reason in page
    assert next(iter(changes.values())) in page
    assert inbox.accent == before


def test_a_form_with_errors_keeps_the_last_preview(owner):
    inbox = InboxFactory()
    url = reverse("shopchat_widgets:preview_on_edit", args=[inbox.pk])
    preview(owner, inbox, accent="#7a1fa2")

    assert owner.post(url, fields(accent="green")).json() == {"is_valid": False, "is_available": True}
    assert 'data-accent="#7a1fa2"' in owner.get(url).content.decode()


def test_the_preview_shows_what_is_not_saved_yet(owner):
    inbox = InboxFactory()

    page = preview(owner, inbox, accent="#7a1fa2", text_en_launcher="Ask <us>").content.decode()

    assert 'data-accent="#7a1fa2" data-on-accent="#ffffff"' in page
    assert "Ask &lt;us&gt;" in page
    inbox.refresh_from_db()
    assert inbox.accent == "#0b6e4f"


def test_the_preview_has_a_mode_for_each_language_and_for_nobody_here(owner):
    inbox = InboxFactory(texts={"uk": {"title": "Напишіть нам", "away": "Відповімо вранці"}})

    here, away = preview(owner, inbox, "uk").content.decode(), preview(owner, inbox, "uk:away").content.decode()

    assert '<html lang="uk"' in here
    assert "Відповімо вранці" not in here
    assert "Напишіть нам" in away
    assert "Відповімо вранці" in away
    assert [mode for mode, _name in WidgetLook().preview_modes] == ["en", "ru", "uk", "en:away", "ru:away", "uk:away"]


def test_the_preview_obeys_the_widgets_own_policy(owner):
    response = preview(owner, InboxFactory())

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in response.content.decode()
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@override_settings(STATIC_URL="https://static.example.com/shop/")
def test_files_from_elsewhere_are_allowed_from_there_only(owner):
    policy = preview(owner, InboxFactory()).headers["Content-Security-Policy"]

    assert "style-src 'self' https://static.example.com;" in policy


def test_a_switched_off_widget_says_so(owner):
    page = preview(owner, InboxFactory(is_active=False)).content.decode()

    assert "This widget is switched off" in page


def test_a_widget_with_conversations_is_not_deleted(owner):
    used, unused = ConversationFactory().inbox, InboxFactory(hostname="unused.test")

    for inbox in (used, unused):
        owner.post(reverse("shopchat_widgets:delete", args=[inbox.pk]))
    refused = owner.get(reverse("shopchat_widgets:delete", args=[used.pk]), follow=True)

    assert set(WidgetLook.objects.values_list("pk", flat=True)) == {used.pk}
    assert "Switch it off instead" in refused.content.decode()


def test_of_many_widgets_none_is_deleted_when_one_has_conversations(owner):
    used, unused = ConversationFactory().inbox, InboxFactory(hostname="unused.test")
    url = reverse("wagtail_bulk_action", args=["shopchat", "widgetlook", "delete"])

    refused = owner.post(f"{url}?id={used.pk}&id={unused.pk}", follow=True)

    assert WidgetLook.objects.count() == 2
    assert "Switch it off instead" in refused.content.decode()


def test_operators_do_not_edit_the_widget(at_desk):
    inbox = InboxFactory()

    assert edit(at_desk, inbox, accent="#000000").status_code == 302
    assert preview(at_desk, inbox).status_code == 302
    inbox.refresh_from_db()
    assert inbox.accent == "#0b6e4f"


def test_languages_are_the_shops(settings):
    assert [code for code, _name in languages()] == ["en", "ru", "uk"]

    from django.conf import global_settings

    settings.LANGUAGES = global_settings.LANGUAGES
    settings.LANGUAGE_CODE = "uk"
    assert [code for code, _name in languages()] == ["uk"]
    settings.LANGUAGE_CODE = "en-us"
    assert languages() == [("en", "English")]
    settings.LANGUAGE_CODE = "de-at"
    assert languages() == [("de", "German")]
    settings.LANGUAGE_CODE = "en-gb"
    assert languages() == [("en-gb", "British English")]


def test_what_is_written_in_a_new_project_is_what_customers_read(at_desk, client, settings):
    """Where nothing is chosen Django speaks ``en-us``, which its own list of languages does not hold."""
    settings.LANGUAGE_CODE = "en-us"
    inbox = InboxFactory(texts={"en": {"title": "Ask Olena"}, "ru": {"title": "Спросите Олену"}})

    assert inbox.text("title", "en-us") == "Ask Olena"
    assert "Ask Olena" in client.get("/chat/?lang=en-us").content.decode()


def test_widgets_are_not_listed_among_snippets(owner):
    InboxFactory()

    page = owner.get("/cms/account/").content.decode()

    assert '"url": "/cms/snippets/"' not in page
    assert owner.get(reverse("shopchat_widgets:list")).status_code == 200


def test_widgets_are_listed_to_nobody_by_a_chooser(owner, editor):
    InboxFactory(name="Not open yet")

    for person in (owner, editor):
        assert person.get("/cms/snippets/choose/shopchat/widgetlook/").status_code == 404
