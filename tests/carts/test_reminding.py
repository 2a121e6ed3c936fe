"""Reminders: when they are planned, what they say, and every reason for which they are not sent."""

import logging
import re
from datetime import time, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from shopchat import periodic
from shopchat.carts import plans, recovering, reminding, subscribing
from shopchat.carts.abandonment import sweep
from shopchat.carts.models import BasketTransition, BasketWatch, CartRules, CartStep, RecoveryLink
from shopchat.channels.base import ChannelError
from shopchat.channels.known import EMAIL, channel, register_channel
from shopchat.channels.memory import MemoryChannel
from shopchat.contacts.models import Consent, ConsentText, Contact, Identity
from shopchat.conversations import claiming, delivery
from shopchat.conversations.kinds import kind_of
from shopchat.conversations.models import Delivery
from shopchat.stores.memory import MemoryStore
from shopchat.touches.kinds import touch_kind
from shopchat.touches.models import Suppression, Touch, TouchRules
from shopchat.touches.suppressing import suppress
from shopchat.touches.words import outcome_words
from tests.carts.left import agree
from tests.carts.passing import DAY, HOUR, MINUTE, NOW, put
from tests.factories import (
    BasketWatchFactory,
    ContactFactory,
    ConversationFactory,
    IdentityFactory,
    InboxFactory,
    receive,
)

pytestmark = pytest.mark.django_db
State = BasketWatch.State


def links_of(message):
    whole = f"{message.body} {message.alternatives[0][0]} {message.extra_headers['List-Unsubscribe']}"
    return {found.replace("&amp;", "&") for found in re.findall(r"http://testserver([^\s\"<>]+)", whole)}


class TestPlanning:
    def test_two_steps_are_planned_and_the_third_is_off(self, left):
        planned = dict(Touch.objects.values_list("purpose", "due_at"))

        pk, since = left.watch.pk, left.watch.last_activity
        assert planned[f"cart:{pk}:1:2"] == since + timedelta(hours=24)
        assert set(planned) == {f"cart:{pk}:1:1", f"cart:{pk}:1:2"}
        assert {touch.about for touch in Touch.objects.all()} == {left.watch.ref}

    def test_planning_twice_plans_once(self, left):
        plans.make_plans(left.watch, timezone.now())

        assert Touch.objects.count() == 2

    @pytest.mark.parametrize("rules", [{"mails": False}, {"mails_since": None}])
    def test_nothing_is_planned_where_no_reminders_are_sent(self, left, rules):
        CartRules.objects.update(**rules)

        left.leave()

        assert Touch.objects.exclude(about=left.watch.ref).count() == 0

    def test_old_baskets_get_nothing_when_the_rule_is_switched_on_not_even_those_found_late(
        self, left, django_assert_num_queries
    ):
        Touch.objects.all().delete()
        old = timezone.now() - timedelta(days=3)
        seen = {"inbox": left.inbox, "contact": left.contact, "quantity": 3, "created_at": old, "last_activity": old}
        moments = {"state": State.ABANDONED, "state_at": old, "abandoned_at": old}
        BasketWatch.objects.bulk_create(
            BasketWatch(ref=f"memory:old{number}", store="memory", **seen, **moments) for number in range(20)
        )
        # As a sweep leaves them that comes for the first time.
        BasketWatch.objects.filter(ref__endswith="7").update(abandoned_at=timezone.now())
        CartRules.objects.update(mails_since=timezone.now() - timedelta(minutes=1))
        watches = list(BasketWatch.objects.filter(ref__startswith="memory:old").select_related("inbox__cart_rules"))

        with django_assert_num_queries(0):
            for watch in watches:
                plans.make_plans(watch, timezone.now())

        assert len(watches) == 20
        assert not Touch.objects.exists()
        left.leave(hours_ago=0)
        assert Touch.objects.count() == 2

    def test_a_reminder_that_comes_days_late_is_dropped(self, left):
        late = left.leave(hours_ago=50, contact=left.contact, abandoned_at=timezone.now())
        CartRules.objects.update(mails_since=timezone.now() - timedelta(days=9))
        plans.make_plans(BasketWatch.objects.get(pk=late.pk), timezone.now())
        BasketWatch.objects.exclude(pk=late.pk).delete()

        left.hand_over()

        assert (left.touch(watch=late).state, left.touch(watch=late).reason) == ("dropped", "too_late")
        assert left.touch(2, watch=late).state == "handed"


class TestFromTheBasketToTheMail:
    """By the store's own events and the sweep."""

    @pytest.fixture
    def ref(self, shop, tent):
        inbox, contact = InboxFactory(), ContactFactory(signed_in=True)
        CartRules.objects.create(inbox=inbox, mails=True, mails_since=NOW - DAY)
        TouchRules.objects.create(inbox=inbox, holdout_percent=0, quiet_from=time(0), quiet_until=time(0))
        agree(contact, IdentityFactory(contact=contact))
        return put(shop, tent, user_id=str(contact.user_id))

    def test_two_mails_in_the_language_of_the_last_action_and_then_silence(self, ref, time_machine):
        left_at = {}
        for minutes in (59, 60, 61, 24 * 60 - 1, 25 * 60, 80 * 60):
            time_machine.move_to(NOW + minutes * MINUTE, tick=False)
            periodic.tick()
            left_at[minutes] = len(mail.outbox)

        assert left_at == {59: 0, 60: 1, 61: 1, 24 * 60 - 1: 1, 25 * 60: 2, 80 * 60: 2}
        assert 'lang="ru"' in mail.outbox[0].alternatives[0][0]

    def test_a_change_of_lines_begins_anew(self, ref, shop, tent, time_machine):
        time_machine.move_to(NOW + HOUR, tick=False)
        sweep()
        shop.change(ref, [shop.line(tent, 5)], at=NOW + HOUR + MINUTE)
        time_machine.move_to(NOW + HOUR + 2 * MINUTE, tick=False)
        periodic.tick()
        assert mail.outbox == []

        time_machine.move_to(NOW + 3 * HOUR, tick=False)
        periodic.tick()

        assert "5 × Tent" in mail.outbox[0].body
        found = Touch.objects.order_by("pk").values_list("purpose", "state", "reason")
        assert [(row[0].split(":", 2)[2], *row[1:]) for row in found] == [
            ("1:1", "cancelled", "changed"),
            ("1:2", "cancelled", "changed"),
            ("2:1", "handed", ""),
            ("2:2", "planned", ""),
        ]


class TestMail:
    def test_it_says_what_is_in_the_basket_and_leads_back_to_it(self, left):
        (message,) = left.send()

        html = message.alternatives[0][0]
        assert (message.to, message.subject) == (["olena@mail.example"], "Your basket at testserver")
        assert "2 × Tent: €199.00\n1 × Stove & pot: €40.00\n" in message.body
        assert "Together: €239.00" in message.body
        assert "Stove &amp; pot" in html
        assert "you agreed to be reminded" in message.body
        link = RecoveryLink.objects.get()
        assert (link.touch, link.purpose, link.episode) == (left.touch(), "mail", 1)
        assert "<img" not in html
        left.watch.refresh_from_db()
        assert left.watch.state == State.CONTACTED
        assert left.watch.contacted_at is not None

    def test_each_step_leaves_once_and_a_day_apart(self, left):
        assert len(left.send()) == 1
        assert len(left.send()) == 1

        assert len(left.send(hours=24)) == 2
        assert len(left.send(hours=30)) == 2
        assert BasketTransition.objects.filter(to_state=State.CONTACTED).count() == 2

    @pytest.mark.parametrize(("language", "price"), [("en", "€199.00"), ("ru", "199,00\N{NO-BREAK SPACE}€")])
    def test_it_speaks_as_the_customer_did_last(self, left, language, price):
        BasketWatch.objects.update(language=language)
        left.inbox.texts = {"ru": {"shop": "Тропа"}}
        left.inbox.save()

        (message,) = left.send()

        assert price in message.body
        assert f'lang="{language}"' in message.alternatives[0][0]
        assert ("Тропа" in message.subject) == (language == "ru")
        assert f"lang={language}" in message.extra_headers["List-Unsubscribe"]

    def test_prices_in_another_currency_than_theirs_are_left_out(self, left):
        BasketWatch.objects.update(currency="UAH")

        (message,) = left.send()

        assert "2 × Tent\n" in message.body
        assert "€" not in message.body

    def test_what_cannot_be_bought_is_not_advertised(self, left):
        left.shop.change_product(left.stove, stock=0)

        (message,) = left.send()

        assert "Stove" not in message.body
        assert "cannot be bought at present" in message.body
        assert "Together: €199.00" in message.body

    def test_the_shops_own_words_take_the_place_of_ours(self, left):
        texts = {"en": {"subject": "{count} things wait", "text": "Hello from {shop}!\n\n<b>{title}</b> & more"}}
        CartStep.objects.create(rules=left.rules, number=1, delay_minutes=60, texts=texts)

        (message,) = left.send()

        assert message.subject == "3 things wait"
        assert "Hello from testserver!\n\n<b>Tent</b> & more\n" in message.body
        assert "<p>&lt;b&gt;Tent&lt;/b&gt; &amp; more</p>" in message.alternatives[0][0]

    def test_words_that_cannot_be_filled_in_are_replaced_by_ours(self, left):
        CartStep.objects.create(rules=left.rules, number=1, delay_minutes=60, texts={"en": {"subject": "{oops"}})

        assert left.send()[0].subject == "Your basket at testserver"

    def test_nothing_of_it_is_in_the_logs(self, left, caplog):
        with caplog.at_level(logging.DEBUG):
            left.send()

        assert "olena" not in caplog.text
        assert "Stove" not in caplog.text


@pytest.mark.parametrize("text", ["{shop.name}", "{0}", "{}", "{name}", "{total:>9}", "{shop!r}", "{shop", "shop}"])
def test_only_plain_placeholders_of_ours_may_be_used(text):
    reminding.check_text("{shop} {title} {count} {total} {percent} {until} {{braces}}")

    with pytest.raises(ValueError, match=r"[Bb]race|placeholder"):
        reminding.check_text(text)


def buy_it(left):
    left.shop.add_order(basket=left.watch.ref)


def buy_by_phone(left):
    left.shop.add_order(email="olena@mail.example")


def tell_of_the_order(left):
    BasketWatch.objects.update(state=State.ORDERED, order_number="1007", ordered_at=timezone.now())


def buy_the_basket_that_went_over_to_it(left):
    ref = left.shop.add_basket([left.shop.line(left.tent)])
    BasketWatchFactory(ref=ref, inbox=left.inbox, state=State.MERGED, merged_into=left.watch.ref)
    left.shop.add_order(basket=ref)


def buy_what_a_link_brought_back(left):
    ref = left.shop.add_basket([left.shop.line(left.tent)])
    recovering.make_link(left.watch, purpose="desk")
    RecoveryLink.objects.update(restored_into=ref)
    left.shop.add_order(basket=ref)


def change_lines(left):
    BasketWatch.objects.update(state=State.ABANDONED, episode=2)


def come_back(left):
    BasketWatch.objects.update(state=State.RETURNED)


def go_and_pay(left):
    BasketWatch.objects.update(state=State.PAYING)


def switch_off(left):
    CartRules.objects.update(mails=False)


def switch_off_and_on(left):
    CartRules.objects.update(mails_since=timezone.now() + timedelta(minutes=1))


def switch_the_step_off(left):
    CartStep.objects.create(rules=left.rules, number=1, delay_minutes=60, is_active=False)


def sell_out(left):
    for product in (left.tent, left.stove):
        left.shop.change_product(product, stock=0)


def give_away(left):
    for product in (left.tent, left.stove):
        left.shop.change_product(product, price=left.tent.price.__class__(left.tent.price.amount * 0, "EUR"))


def fill_another(left):
    left.leave(hours_ago=0.1, plan=False, contact=left.contact, state=State.ACTIVE)


def take_back_consent(left):
    Consent.objects.update(withdrawn_at=timezone.now())


def lose_the_proof(left):
    Identity.objects.update(verified_at=None)


def bounce(left):
    suppress(EMAIL, "Olena@Mail.example", Suppression.Reason.BOUNCED)


SILENCES = [
    (buy_it, "ordered"),
    (buy_by_phone, "ordered"),
    (tell_of_the_order, "ordered"),
    (buy_the_basket_that_went_over_to_it, "ordered"),
    (buy_what_a_link_brought_back, "ordered"),
    (change_lines, "changed"),
    (come_back, "returned"),
    (go_and_pay, "paying"),
    (switch_off, "off"),
    (switch_off_and_on, "before_rules"),
    (switch_the_step_off, "off"),
    (sell_out, "nothing_left"),
    (give_away, "nothing_left"),
    (fill_another, "newer"),
    (take_back_consent, "no_basis"),
    (lose_the_proof, "no_basis"),
    (bounce, "suppressed"),
]


class TestSilence:
    @pytest.mark.parametrize(("happens", "reason"), SILENCES)
    def test_what_happens_before_its_time_has_a_reason_in_the_ledger(self, left, happens, reason):
        happens(left)

        left.hand_over()

        touch = left.touch()
        assert (touch.state, touch.reason) == ("dropped", reason)
        assert outcome_words(touch).startswith("not sent: ")
        assert not Delivery.objects.exists()

    @pytest.mark.parametrize(("happens", "reason"), SILENCES)
    def test_what_happens_between_the_decision_and_the_sending_stops_it_too(self, left, happens, reason):
        left.hand_over()
        row = Delivery.objects.get()
        assert left.touch().state == "handed"

        happens(left)
        delivery.send_due()

        row.refresh_from_db()
        touch = left.touch()
        assert (row.state, row.reason) == ("dropped", reason)
        assert (touch.state, touch.reason) == ("dropped", reason)
        assert mail.outbox == []

    def test_nothing_of_it_stops_those_who_do_nothing(self, left):
        """Else the silences above would prove nothing."""
        assert len(left.send()) == 1

    def test_the_ledger_names_the_order(self, left):
        order = left.shop.add_order(email="olena@mail.example")

        left.hand_over()

        assert f"order {order.number}" in outcome_words(left.touch())

    def test_a_cancelled_order_of_another_basket_is_none(self, left):
        order = left.shop.add_order(email="olena@mail.example")
        left.shop.cancel_order(order.number)

        assert len(left.send()) == 1

    def test_a_customer_who_bought_as_a_guest_with_the_accounts_address_is_not_reminded(self, left_by_account):
        left = left_by_account
        Consent.objects.all().delete()
        Identity.objects.all().delete()
        CartRules.objects.update(existing_customers=True)
        left.shop.add_order(user_id=left.account, placed_at=timezone.now() - timedelta(days=100))
        left.shop._shelf.listeners.clear()

        left.shop.add_order(email=left.contact.user.email.upper())

        assert left.send() == []
        assert left.touch().reason == "ordered"

    def test_an_order_before_we_heard_of_the_basket_but_after_its_last_change_counts(self, left):
        left.shop._shelf.listeners.clear()
        left.shop.add_order(email=left.identity.value, placed_at=timezone.now() - timedelta(minutes=40))
        BasketWatch.objects.update(created_at=timezone.now() - timedelta(minutes=30))  # found by the sweep

        assert left.send() == []
        assert left.touch().reason == "ordered"

    def test_an_order_before_the_basket_says_nothing(self, left):
        left.shop.add_order(email="olena@mail.example", placed_at=left.watch.created_at - timedelta(hours=1))

        assert len(left.send()) == 1

    def test_whoever_waits_for_an_answer_is_not_reminded(self, left):
        left.hand_over()
        receive(ConversationFactory(contact=left.contact), "The tent leaks!")

        delivery.send_due()

        assert (left.touch().state, left.touch().reason) == ("dropped", "complaint")
        assert mail.outbox == []

    def test_of_two_baskets_left_one_mail_is_about_the_later(self, left):
        left.shop.change_product(left.tent, title="Old tent")
        later = left.leave(hours_ago=0.9, contact=left.contact)

        left.send(hours=1)

        assert (left.touch().reason, left.touch(watch=later).state) == ("newer", "handed")
        assert len(mail.outbox) == 1

    def test_a_shop_that_does_not_answer_keeps_the_mail_back(self, left, monkeypatch):
        left.hand_over()

        def broken(*_args, **_kwargs):
            raise RuntimeError("olena@mail.example")

        monkeypatch.setattr(MemoryStore, "orders_for", broken)
        delivery.send_due()
        assert (Delivery.objects.get().state, mail.outbox) == ("queued", [])

        monkeypatch.undo()
        Delivery.objects.update(due_at=timezone.now())
        delivery.send_due()
        assert len(mail.outbox) == 1

    def test_a_second_attempt_asks_again_and_writes_no_second_line(self, left):
        post = MemoryChannel()
        real = channel(EMAIL)
        register_channel(EMAIL, post)
        try:
            post.fail(ChannelError("no_connection"))
            left.send()
            Delivery.objects.update(due_at=timezone.now())
            delivery.send_due()
        finally:
            register_channel(EMAIL, real)

        assert len(post.sent) == 1
        assert BasketTransition.objects.filter(to_state=State.CONTACTED).count() == 1

    def test_a_worker_that_died_while_sending_is_not_repeated(self, left):
        left.hand_over()
        claiming.claim(Delivery.objects.get().pk)
        Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        delivery.send_due()

        assert (Delivery.objects.get().state, mail.outbox) == ("unconfirmed", [])

    def test_every_reason_has_words(self):
        own, outbox = touch_kind(reminding.KIND).reasons, kind_of(reminding.KIND).reasons

        assert all(str(words) for words in outbox.values())
        assert own.items() <= outbox.items()
        assert {"ordered", "suppressed"} <= set(outbox), "the ledger's own, too"


class TestStopping:
    def test_a_program_that_opens_every_link_of_the_mail_changes_nothing(self, left):
        (message,) = left.send()
        before = everything()

        links = links_of(message)
        answers = {Client().get(link).status_code for link in links}

        assert len(links) == 3
        assert answers == {200}
        assert everything() == before

    def test_one_click_of_the_mail_program_ends_it(self, left):
        (message,) = left.send()
        stop = message.extra_headers["List-Unsubscribe"][1:-1].removeprefix("http://testserver")
        assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        body = "List-Unsubscribe=One-Click"

        programs = Client(enforce_csrf_checks=True)
        answers = [programs.post(stop, body, content_type="application/x-www-form-urlencoded") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert "You get no more reminders" in answers[0].content.decode()
        left.consent.refresh_from_db()
        assert left.consent.withdrawn_at is not None
        assert Suppression.objects.get().reason == "unsubscribed"
        assert (left.touch(2).state, left.touch(2).reason) == ("cancelled", "stopped")
        assert len(left.send(hours=24)) == 1
        left.identity.refresh_from_db()
        assert left.identity.may_be_written_to()  # answers in the chat were another question

    def test_the_link_of_an_answer_ends_reminders_too(self, left):
        stop = reminding_stop(left).replace("&about=reminders", "")

        Client().post(stop)

        left.identity.refresh_from_db()
        assert not left.identity.may_be_written_to()
        assert Suppression.objects.exists()

    def test_what_waits_in_the_outbox_is_called_off(self, left):
        left.hand_over()

        subscribing.unsubscribe(left.identity)
        delivery.send_due()

        assert (left.touch().state, mail.outbox) == ("cancelled", [])

    def test_whoever_agrees_anew_is_written_to_again(self, left):
        subscribing.unsubscribe(left.identity)
        text = ConsentText.objects.get()

        subscribing.subscribe(left.contact, left.identity, text=text)
        left.leave(contact=left.contact, hours_ago=0.5)

        assert not Suppression.objects.exists()
        assert len(left.send(hours=1)) == 1

    def test_an_old_consent_of_another_browser_brings_nobody_back_but_a_new_one_does(self, left):
        """Opening its old mail again is no wish to be written to."""
        other = IdentityFactory(value=left.identity.value)
        agree(other.contact, other)
        subscribing.unsubscribe(left.identity)

        assert not subscribing.welcome_back(other)
        assert Suppression.objects.exists()
        text = Consent.objects.get(identity=other).text
        subscribing.subscribe(other.contact, other, text=text)
        assert not Suppression.objects.exists()

    def test_an_address_that_bounced_stays_left_alone(self, left):
        bounce(left)

        subscribing.subscribe(left.contact, left.identity, text=ConsentText.objects.get())

        assert Suppression.objects.exists()


def reminding_stop(left):
    (message,) = left.send()
    return message.extra_headers["List-Unsubscribe"][1:-1].removeprefix("http://testserver")


def everything():
    models = (Touch, Consent, Identity, Suppression, BasketWatch, RecoveryLink, Delivery, Contact)
    return [list(model.objects.order_by("pk").values()) for model in models]
