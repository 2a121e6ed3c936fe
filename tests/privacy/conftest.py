"""A person of whom everything is stored that can be, and another one who must stay."""

from types import SimpleNamespace

import pytest
from django.utils import timezone

from shopchat.carts.models import BasketTransition, BasketWatch, IssuedVoucher, RecoveryLink
from shopchat.contacts.models import Consent, ConsentText
from shopchat.conversations.models import Receipt
from shopchat.touches.models import Touch
from tests.factories import (
    CallAttemptFactory,
    CallbackRequestFactory,
    ConsentTextFactory,
    ContactFactory,
    ConversationFactory,
    DeliveryFactory,
    IdentityFactory,
    OperatorFactory,
    note,
    receive,
    reply,
    visitor_with_key,
)


def person(anna, **fields):
    """Somebody with an account who wrote, was answered and noted about, left an address, and was called."""
    now = timezone.now()
    contact = ContactFactory(signed_in=True, basket_ref="basket of theirs")
    scene = SimpleNamespace(contact=contact)
    scene.identity = IdentityFactory(contact=contact)
    scene.visitor, scene.key = visitor_with_key(contact=contact)
    scene.conversation = ConversationFactory(contact=contact, page="/their/page/")
    receive(scene.conversation, "I live in Green Street")
    reply(scene.conversation, anna, "We bring it to Green Street")
    note(scene.conversation, anna, "Owes us money")
    Receipt.objects.create(
        conversation=scene.conversation, seq=90, reader="visitor", state="read", up_to=3, created_at=now
    )
    scene.delivery = DeliveryFactory(conversation=scene.conversation, identity=scene.identity, state="sent")
    scene.request = CallbackRequestFactory(
        contact=contact,
        conversation=ConversationFactory(contact=contact),
        name="Their Name",
        about="Their question",
        page="/their/page/",
        subject="order",
        subject_ref="100042",
        subject_label="Order 100042",
        consent_text=ConsentTextFactory(),
        consent_version=3,
        consented_at=now,
        consent_page="/their/page/",
        **fields,
    )
    receive(scene.request.conversation, "And call me, please")
    scene.attempt = CallAttemptFactory(
        request=scene.request, operator=anna, outcome="no_answer", note="Their neighbour answered", provider_id="CA1"
    )
    scene.consent = Consent.objects.create(
        contact=contact,
        identity=scene.identity,
        purpose=ConsentText.Purpose.REMINDERS,
        text=ConsentTextFactory(purpose=ConsentText.Purpose.REMINDERS),
        page="/their/page/",
        given_at=now,
    )
    leave_basket(scene, now)
    return scene


def leave_basket(scene, now):
    """Left, written to, with a link and a voucher."""
    scene.watch = BasketWatch.objects.create(
        ref=f"memory:{scene.contact.pk}",
        store="memory",
        inbox=scene.conversation.inbox,
        contact=scene.contact,
        user_id_text=str(scene.contact.user_id),
        state=BasketWatch.State.CONTACTED,
        state_at=now,
        last_activity=now,
        created_at=now,
        lines=[{"title": "Their tent"}],
        order_number="100042",
        look_at=now,
    )
    BasketTransition.objects.create(
        watch=scene.watch, episode=1, from_state="abandoned", to_state="contacted", at=now, details={"order": "100042"}
    )
    scene.touch = Touch.objects.create(
        purpose=f"cart:{scene.watch.pk}:1:1",
        kind="cart_reminder",
        touch_class=Touch.Class.MARKETING,
        channel="mail",
        person=f"contact:{scene.contact.pk}",
        about=scene.watch.ref,
        rule="cart",
        inbox=scene.watch.inbox,
        contact=scene.contact,
        identity=scene.identity,
        planned_for=now,
        due_at=now,
        created_at=now,
    )
    scene.link = RecoveryLink.objects.create(
        watch=scene.watch,
        touch=scene.touch,
        episode=1,
        purpose="mail",
        token_hash=f"hash {scene.watch.pk}",
        lines=[{"title": "Their tent"}],
        created_at=now,
        expires_at=now,
    )
    scene.voucher = IssuedVoucher.objects.create(
        watch=scene.watch,
        person=scene.touch.person,
        code=f"CODE-{scene.watch.pk}",
        percent=10,
        issued_at=now,
        expires_at=now,
    )


@pytest.fixture
def anna(db):
    return OperatorFactory(public_name="Anna")


@pytest.fixture
def olena(anna):
    return person(anna)


@pytest.fixture
def petro(anna):
    """The one nobody asked about."""
    return person(anna)
