from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.utils import timezone

if TYPE_CHECKING:
    from shopchat.conversations.models import Conversation, Delivery, Message
    from shopchat.operators.models import Operator

MOVED_LIMIT = 2000
# Nobody reads such a number digit by digit, and counting more would take longer the more there are.
COUNTED_LIMIT = 500


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def open(self) -> "ConversationQuerySet":
        return self.filter(state="open")

    def closed(self) -> "ConversationQuerySet":
        return self.filter(state="closed")

    def waiting(self) -> "ConversationQuerySet":
        """Open ones in which the contact has the last word."""
        return self.filter(state="open", waiting_since__isnull=False)

    def unassigned(self) -> "ConversationQuerySet":
        return self.filter(assignee=None)

    def assigned_to(self, operator: "Operator") -> "ConversationQuerySet":
        return self.filter(assignee=operator)

    def calling(self, operator: "Operator") -> "ConversationQuerySet":
        """Those that wait for this operator or for anybody: what the badge counts."""
        return self.waiting().filter(Q(assignee=None) | Q(assignee=operator))

    def calling_user(self, user: Any) -> "ConversationQuerySet":
        """The same for a user who may not have been at the desk yet."""
        return self.waiting().filter(Q(assignee=None) | Q(assignee__user=user))

    def counted(self) -> int:
        """How many of these wait; ``COUNTED_LIMIT`` stands for that many and more."""
        return self.waiting().order_by("-waiting_since")[:COUNTED_LIMIT].count()

    def waiting_summary(self, operator: "Operator") -> dict[str, Any]:
        """How many wait: for this operator (``mine``), for anybody (``unassigned``), in all (``all``). One query.

        ``newest`` is when the latest of those that call this operator was written, ``None`` if none does. Counted are the
        ``COUNTED_LIMIT`` that began to wait last.
        """
        return (
            self.waiting()
            .order_by("-waiting_since")[:COUNTED_LIMIT]
            .aggregate(
                mine=Count("pk", filter=Q(assignee=operator)),
                unassigned=Count("pk", filter=Q(assignee=None)),
                all=Count("pk"),
                newest=Max("last_message_at", filter=Q(assignee=operator) | Q(assignee=None)),
            )
        )

    def search(self, text: str) -> "ConversationQuerySet":
        """By the number as people read it out, or by the name or e-mail address of the customer's account."""
        digits = text.replace("-", "").replace(" ", "")
        if digits.isascii() and digits.isdecimal():
            # All numbers are of one length: a range uses the index, which LIKE on SQLite does not.
            return self.filter(number__range=(digits.ljust(8, "0"), digits.ljust(8, "9")))
        user_model = get_user_model()
        fields = {"first_name", "last_name", user_model.USERNAME_FIELD, user_model.get_email_field_name()}
        present = fields & {field.name for field in user_model._meta.get_fields()}
        found = self
        for word in text.split():
            matches = (Q(**{f"contact__user__{name}__icontains": word}) for name in sorted(present))
            found = found.filter(reduce(or_, matches))
        return found

    def before(self, at: datetime, pk: int) -> "ConversationQuerySet":
        """What comes after the conversation with these values in :meth:`latest_first`."""
        # The first condition follows from the second, but it alone tells a database where in the index to begin.
        return self.filter(last_message_at__lte=at).filter(Q(last_message_at__lt=at) | Q(pk__lt=pk))

    def latest_first(self) -> "ConversationQuerySet":
        return self.order_by("-last_message_at", "-pk")

    def for_list(self) -> "ConversationQuerySet":
        """With everything that a row of a list shows, in one query."""
        return self.select_related("assignee", "contact__user").with_preview()

    def with_unread_replies(self) -> "ConversationQuerySet":
        """Annotates ``unread_replies``: how many replies the contact has not read."""
        unread = Q(messages__kind="reply", messages__seq__gt=F("contact_seen_seq"))
        return self.annotate(unread_replies=Count("messages", filter=unread))

    def with_preview(self) -> "ConversationQuerySet":
        """Annotates ``preview_text``, ``preview_kind`` and ``preview_operator`` (an id) from the last thing said.

        Notes count, events do not.
        """
        from_newest = _messages().filter(conversation=OuterRef("pk")).exclude(kind="system").order_by("-seq")
        return self.annotate(
            preview_text=Subquery(from_newest.values("text")[:1]),
            preview_kind=Subquery(from_newest.values("kind")[:1]),
            preview_operator=Subquery(from_newest.values("operator")[:1]),
        )

    def movement(self, *, within: timedelta) -> str:
        """A text that differs whenever any conversation moved in the last while; one query on the index.

        The sum of ``last_seq`` catches a transaction that commits late, which a maximum of moments would miss. The while
        begins at a round moment, so that rows leave it together and not one by one.
        """
        beginning = timezone.now() - within
        beginning -= timedelta(seconds=beginning.timestamp() % within.total_seconds())
        recent = self.filter(updated_at__gt=beginning)
        return "{count}:{total}".format(**recent.aggregate(count=Count("pk"), total=Sum("last_seq")))

    def moved_since(self, at: datetime) -> list[tuple[str, int]]:
        """Number and ``last_seq`` of those that moved at or after ``at``, the newest first, at most ``MOVED_LIMIT``."""
        moved = self.filter(updated_at__gte=at).order_by("-updated_at")
        return list(moved.values_list("number", "last_seq")[:MOVED_LIMIT])


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to_contact(self) -> "MessageQuerySet":
        return self.filter(is_private=False)

    def after(self, seq: int, *, up_to: int) -> "MessageQuerySet":
        """What was said after ``seq`` and no later than ``up_to``, in order."""
        return self.filter(seq__gt=seq, seq__lte=up_to).order_by("seq")

    def before(self, seq: int) -> "MessageQuerySet":
        """What was said before ``seq``, the newest first: slice it for a page of history."""
        return self.filter(seq__lt=seq).order_by("-seq")


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unfinished(self) -> "DeliveryQuerySet":
        return self.filter(state__in=["queued", "sending"])

    def finished(self) -> "DeliveryQuerySet":
        """Nothing happens to them any more, and nobody has to look at them."""
        ended = self.filter(state__in=["sent", "delivered", "read", "dropped", "failed", "unconfirmed"])
        return ended.exclude(state__in=["failed", "unconfirmed"], dismissed_at=None)

    def due(self, at: datetime) -> "DeliveryQuerySet":
        """Waiting, and their time has come."""
        return self.filter(state="queued", due_at__lte=at)

    def lapsed(self, at: datetime) -> "DeliveryQuerySet":
        """Whoever was sending them has not been heard of since the lease ended."""
        return self.filter(state="sending", lease_until__lt=at)

    def first_of_lane(self) -> "DeliveryQuerySet":
        """Those that no earlier unfinished row of their lane holds back."""
        earlier = _deliveries().unfinished().filter(lane=OuterRef("lane"), pk__lt=OuterRef("pk"))
        # The OR keeps databases from making a join of it, which looks at everything unfinished for each row.
        return self.filter(Q(lane="") | ~Exists(earlier))

    def for_sending(self) -> "DeliveryQuerySet":
        """With everything that a kind looks at, in one query."""
        return self.select_related(
            "conversation__inbox",
            "conversation__contact",
            "conversation__assignee__user",
            "operator__user",
            "identity",
            "message",
        )

    def for_list(self) -> "DeliveryQuerySet":
        """With everything that a row of a list shows, in one query."""
        return self.select_related("conversation__contact__user", "operator")

    def needing_a_look(self) -> "DeliveryQuerySet":
        """Failed or unconfirmed, and nobody has dismissed them."""
        return self.filter(state__in=["failed", "unconfirmed"], dismissed_at=None)


def _deliveries() -> DeliveryQuerySet:
    # By name: the models module imports this one.
    return DeliveryQuerySet(apps.get_model("shopchat", "Delivery"))


def _messages() -> MessageQuerySet:
    # By name: the models module imports this one.
    return MessageQuerySet(apps.get_model("shopchat", "Message"))
