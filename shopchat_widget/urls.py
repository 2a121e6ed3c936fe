"""The chat's addresses: ``path("chat/", include("shopchat_widget.urls"))`` in the shop's URLconf, outside i18n_patterns.

The visitor's cookie is limited to the address of ``page``, so everything that needs it lies below.
"""

from django.urls import include, path

from shopchat_widget.views import (
    address,
    answering,
    basket,
    callbacks,
    conversations,
    launcher,
    mail,
    messages,
    offer,
    page,
    receipts,
    reminders,
    state,
    thread,
    typing,
)

_patterns = [
    path("", page.page, name="page"),
    path("launcher/<str:language>.js", launcher.launcher, name="launcher"),
    path("offer/", offer.offer, name="offer"),
    path("offer/<str:language>.js", launcher.offer_script, name="offer_script"),
    path("offer/show/", offer.show, name="offer_show"),
    path("offer/page/", offer.page, name="offer_page"),
    path("offer/answer/", offer.answer, name="offer_answer"),
    path("messages/", messages.post, name="messages"),
    path("answering/", answering.answering, name="answering"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("state/", state.state, name="state"),
    path("ticket/", state.ticket, name="ticket"),
    path("address/", address.address, name="address"),
    path("address/box/", address.address_box_alone, name="address_box"),
    path("reminders/", reminders.reminders, name="reminders"),
    path("callback/", callbacks.callback, name="callback"),
    path("callback/slots/", callbacks.slots, name="callback_slots"),
    path("callback/r/<str:token>/", callbacks.request_by_link, name="callback_request"),
    path("callback/r/<str:token>/slots/", callbacks.slots_by_link, name="callback_slots_by_link"),
    path("basket/<str:token>/", basket.basket, name="basket"),
    path("mail/confirm/<str:token>/", mail.confirm, name="confirm"),
    path("mail/stop/<str:token>/", mail.stop, name="stop"),
    path("c/<slug:number>/updates/", thread.updates, name="updates"),
    path("c/<slug:number>/older/", thread.older, name="older"),
    path("c/<slug:number>/seen/", receipts.seen, name="seen"),
    path("c/<slug:number>/typing/", typing.typing, name="typing"),
]

urlpatterns = [
    path("", include((_patterns, "shopchat_widget"))),
    path("live/", include("shopchat.urls")),
    path("hooks/", include("shopchat.webhooks.urls")),
]
