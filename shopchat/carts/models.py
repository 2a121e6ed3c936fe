from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shopchat.carts.querysets import BasketWatchQuerySet
from shopchat.contacts.models import Contact
from shopchat.inboxes.models import Inbox
from shopchat.operators.models import Operator
from shopchat.touches.models import Touch


class CartRules(models.Model):
    """What one site does about baskets that are left. Without one: baskets are watched, and nobody is approached."""

    class Onsite(models.TextChoices):
        OFF = "off", _("nothing")
        BUBBLE = "bubble", _("a quiet bubble beside the chat’s button")
        POPUP = "popup", _("a window with the basket")

    class PriceAnswer(models.TextChoices):
        OPERATOR = "operator", _("an operator is told")
        VOUCHER = "voucher", _("a voucher is issued, where one may be")

    inbox = models.OneToOneField(Inbox, on_delete=models.CASCADE, related_name="cart_rules", verbose_name=_("widget"))
    onsite = models.CharField(
        _("on the site, for those who come back"),
        max_length=6,
        choices=Onsite,
        default=Onsite.OFF,
        help_text=_("Never during checkout or payment."),
    )
    hesitation = models.BooleanField(
        _("on the site, also for those who hesitate"),
        default=False,
        help_text=_(
            "A quiet bubble where somebody has taken longer since the last change of their basket than nine of ten of your "
            "own customers took until they had ordered."
        ),
    )
    mails = models.BooleanField(
        _("reminders by e-mail"),
        default=False,
        help_text=_("Only to people with a lawful basis on record, and only about baskets left from now on."),
    )
    mails_since = models.DateTimeField(_("reminders since"), null=True, blank=True)
    existing_customers = models.BooleanField(
        _("also to customers who have bought before"),
        default=False,
        help_text=_(
            "Without a consent of their own, on the strength of their earlier order and their account’s address. "
            "Whether the law of your country allows this is for you to know."
        ),
    )
    asks_why = models.BooleanField(_("ask why they left"), default=True)
    price_answer = models.CharField(
        _("when the price was the reason"), max_length=8, choices=PriceAnswer, default=PriceAnswer.OPERATOR
    )
    idle_minutes = models.PositiveSmallIntegerField(
        _("idle after"), default=30, validators=[MinValueValidator(10)], help_text=_("Minutes without a change.")
    )
    abandoned_minutes = models.PositiveSmallIntegerField(
        _("left after"), default=60, validators=[MinValueValidator(20)], help_text=_("Minutes without a change.")
    )
    payment_minutes = models.PositiveSmallIntegerField(
        _("a payment is interrupted after"),
        default=30,
        validators=[MinValueValidator(5)],
        help_text=_("Minutes in payment without an order. People are then offered help, never advertising."),
    )
    link_days = models.PositiveSmallIntegerField(_("links open the basket for"), default=14, help_text=_("Days."))
    expire_days = models.PositiveSmallIntegerField(_("baskets are given up after"), default=30, help_text=_("Days."))
    attribution_days = models.PositiveSmallIntegerField(
        _("orders count as helped for"), default=5, help_text=_("Days after the last contact.")
    )
    retention_days = models.PositiveSmallIntegerField(
        _("keep what is known of a basket for"),
        default=90,
        help_text=_("Days after it ended. Then its person and its lines are erased. 0: for ever."),
    )
    voucher_percent = models.DecimalField(
        _("voucher"),
        max_digits=4,
        decimal_places=1,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(90))],
        help_text=_("Percent off. 0: no vouchers."),
    )
    voucher_days = models.PositiveSmallIntegerField(_("vouchers are good for"), default=7, help_text=_("Days."))
    voucher_pause_days = models.PositiveSmallIntegerField(
        _("one voucher a person in"), default=90, help_text=_("Days, so that nobody learns to wait for one.")
    )
    voucher_minimum = models.DecimalField(
        _("vouchers from a basket of"), max_digits=12, decimal_places=2, default=Decimal(0), blank=True
    )

    class Meta:
        verbose_name = _("rules for baskets")
        verbose_name_plural = _("rules for baskets")
        ordering = ["inbox__hostname"]

    def __str__(self) -> str:
        return str(self.inbox)


class CartStep(models.Model):
    """One reminder of the sequence."""

    rules = models.ForeignKey(CartRules, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(_("step"), validators=[MinValueValidator(1), MaxValueValidator(3)])
    is_active = models.BooleanField(_("on"), default=True)
    delay_minutes = models.PositiveIntegerField(
        _("after"), validators=[MinValueValidator(20)], help_text=_("Minutes since the basket was last changed.")
    )
    with_voucher = models.BooleanField(_("with a voucher"), default=False)
    texts = models.JSONField(
        _("texts"), default=dict, blank=True, help_text=_("Per language: subject, text. Empty: ours.")
    )

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["rules", "number"]
        constraints = [models.UniqueConstraint(fields=["rules", "number"], name="shopchat_cart_step_once")]

    def __str__(self) -> str:
        return str(self.number)


class BasketWatch(models.Model):
    """What we remember of one basket of the shop, beside the shop's own rows, which may vanish.

    A stretch of time in which it is left and perhaps recovered is an episode; the next change of its lines begins the next.
    Every change of ``state`` goes through :func:`shopchat.carts.states.move` and has a row of :class:`BasketTransition`.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("being filled")
        IDLE = "idle", _("idle")
        ABANDONED = "abandoned", pgettext_lazy("basket", "left")
        CONTACTED = "contacted", _("written to")
        RETURNED = "returned", _("came back")
        RESTORED = "restored", _("restored")
        PAYING = "paying", _("in payment")
        PAYMENT_INTERRUPTED = "interrupted", _("payment not completed")
        ORDERED = "ordered", _("ordered")
        MERGED = "merged", _("went over to another basket")
        SUPPRESSED = "suppressed", _("left alone")
        EMPTIED = "emptied", _("emptied")
        EXPIRED = "expired", _("given up")
        ERASED = "erased", _("erased")

    class How(models.TextChoices):
        """How an order after the basket was left came about."""

        LINK = "link", _("by our link")
        ASSISTED = "assisted", _("after a contact")
        ALONE = "alone", _("without us")

    class Why(models.TextChoices):
        """One tap of the customer."""

        ADVICE = "advice", _("needs advice")
        DELIVERY = "delivery", pgettext_lazy("of goods", "delivery")
        PRICE = "price", _("price")
        PAYMENT = "payment", _("payment")
        LOOKING = "looking", _("just looking")

    FINAL = (State.ORDERED, State.MERGED, State.EXPIRED, State.ERASED)

    ref = models.CharField(_("basket"), max_length=200)
    store = models.CharField(max_length=32)
    inbox = models.ForeignKey(
        Inbox, on_delete=models.PROTECT, related_name="baskets", db_index=False, verbose_name=_("widget")
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.SET_NULL, null=True, blank=True, related_name="baskets", verbose_name=_("contact")
    )
    user_id_text = models.CharField(max_length=64, blank=True, help_text=_("The account, as the store names it."))
    email_hash = models.CharField(max_length=64, blank=True, help_text=_("Keyed hash of a guest’s typed address."))
    language = models.CharField(_("language"), max_length=16, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    device = models.CharField(_("device"), max_length=8, blank=True)
    source = models.CharField(_("source"), max_length=64, blank=True)
    by_hand = models.BooleanField(default=False, help_text=_("Somebody with a browser filled it."))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.ACTIVE)
    state_at = models.DateTimeField(_("state since"))
    episode = models.PositiveIntegerField(default=1)
    last_activity = models.DateTimeField(_("last change"))
    abandoned_at = models.DateTimeField(_("left at"), null=True, blank=True)
    contacted_at = models.DateTimeField(_("last written to"), null=True, blank=True)
    returned_at = models.DateTimeField(_("came back at"), null=True, blank=True)
    restored_at = models.DateTimeField(_("restored at"), null=True, blank=True)
    lines = models.JSONField(default=list, blank=True, help_text=_("As of the last look."))
    quantity = models.PositiveIntegerField(_("pieces"), default=0)
    total = models.DecimalField(_("total"), max_digits=12, decimal_places=2, null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True, help_text=_("When the sweep has to look again."))
    held_out = models.BooleanField(null=True, help_text=_("Left alone for comparison; nobody has decided yet."))
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    why = models.CharField(_("why they left"), max_length=10, choices=Why, blank=True)
    why_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.CharField(max_length=200, blank=True)
    order_number = models.CharField(_("order"), max_length=64, blank=True)
    ordered_at = models.DateTimeField(_("ordered at"), null=True, blank=True)
    order_total = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    order_currency = models.CharField(max_length=3, blank=True)
    order_cancelled_at = models.DateTimeField(null=True, blank=True)
    how = models.CharField(_("how it was ordered"), max_length=8, choices=How, blank=True)
    help_wanted_at = models.DateTimeField(
        _("needs a person since"), null=True, blank=True, help_text=_("A task for operators: somebody should help.")
    )
    helped_by = models.ForeignKey(
        Operator,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("helped by"),
    )
    helped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = BasketWatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        # Each index is written at each change of state, so that there are none but those that somebody reads by. A unique
        # field would bring a second one on PostgreSQL, for beginnings of texts.
        constraints = [models.UniqueConstraint(fields=["ref"], name="shopchat_basket_once")]
        indexes = [
            models.Index(fields=["look_at"], name="shopchat_basket_look"),
            models.Index(fields=["state", "last_activity"], name="shopchat_basket_state"),
            models.Index(fields=["user_id_text"], name="shopchat_basket_user"),
            models.Index(fields=["email_hash"], name="shopchat_basket_email"),
            models.Index(fields=["abandoned_at"], name="shopchat_basket_abandoned"),
            models.Index(fields=["merged_into"], name="shopchat_basket_merged"),
            models.Index(fields=["help_wanted_at"], name="shopchat_basket_help"),
            models.Index(fields=["created_at", "id"], name="shopchat_basket_created"),  # the report and its file
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def needs_a_person(self) -> bool:
        """Whether somebody should help its customer, and nobody has yet."""
        return self.help_wanted_at is not None and self.helped_at is None


class BasketTransition(models.Model):
    """One step of a basket's story."""

    watch = models.ForeignKey(BasketWatch, on_delete=models.CASCADE, related_name="transitions")
    episode = models.PositiveIntegerField()
    from_state = models.CharField(max_length=12, choices=BasketWatch.State, blank=True)
    to_state = models.CharField(max_length=12, choices=BasketWatch.State)
    reason = models.CharField(max_length=32, blank=True)
    details = models.JSONField(
        default=dict, blank=True, help_text=_("What the reason names: numbers and moments only.")
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a basket’s story")
        verbose_name_plural = _("steps of baskets’ stories")
        ordering = ["watch", "pk"]

    def __str__(self) -> str:
        return f"{self.from_state} {self.to_state}"


class RecoveryLink(models.Model):
    """Opens what was in a basket to whoever holds it. Its token is stored as a hash; it gives lines, never a person."""

    class Purpose(models.TextChoices):
        MAIL = "mail", _("in a reminder")
        DESK = "desk", _("sent by an operator")
        ONSITE = "onsite", _("on the site")

    watch = models.ForeignKey(BasketWatch, on_delete=models.CASCADE, related_name="links")
    touch = models.ForeignKey(Touch, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    episode = models.PositiveIntegerField()
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    token_hash = models.CharField(max_length=64, unique=True)
    lines = models.JSONField(default=list, blank=True)
    operator = models.ForeignKey(Operator, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    restored_at = models.DateTimeField(_("restored at"), null=True, blank=True)
    restored_into = models.CharField(max_length=200, blank=True, help_text=_("The basket that got the lines last."))

    class Meta:
        verbose_name = _("recovery link")
        verbose_name_plural = _("recovery links")
        indexes = [models.Index(fields=["restored_into"], name="shopchat_link_restored")]

    def __str__(self) -> str:
        return str(self.pk)


class IssuedVoucher(models.Model):
    """A voucher that we had the shop make, for one person and one basket."""

    watch = models.ForeignKey(BasketWatch, on_delete=models.SET_NULL, null=True, blank=True, related_name="vouchers")
    person = models.CharField(max_length=120)
    code = models.CharField(max_length=64, unique=True)
    for_account = models.BooleanField(
        default=False, help_text=_("Good only for the account that it was made for, signed in.")
    )
    percent = models.DecimalField(max_digits=4, decimal_places=1)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        indexes = [models.Index(fields=["person", "issued_at"], name="shopchat_voucher_person")]

    def __str__(self) -> str:
        return str(self.pk)


class DecisionTime(models.Model):
    """How long one site's customers take from the last change of a basket to its order; of nobody in particular."""

    inbox = models.OneToOneField(Inbox, on_delete=models.CASCADE, related_name="decision_time")
    seconds = models.PositiveIntegerField(help_text=_("Nine of ten orders were placed within."))
    orders = models.PositiveIntegerField(help_text=_("Of so many that was measured."))
    measured_at = models.DateTimeField()

    class Meta:
        verbose_name = _("time to decide")
        verbose_name_plural = _("times to decide")

    def __str__(self) -> str:
        return str(self.seconds)


class SweepCursor(models.Model):
    """How far the sweep has read in one store, so that it goes on where it was killed."""

    store = models.CharField(max_length=32, unique=True)
    idle_until = models.DateTimeField()
    orders_until = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("place of the sweep")
        verbose_name_plural = _("places of the sweep")

    def __str__(self) -> str:
        return self.store
