"""People, the organization they work for, and the keys of its integrations."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Lower, Now


class UserManager(BaseUserManager["User"]):
    """Create people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person; without a password they cannot sign in until they set one."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        """Find a person by e-mail, whatever its case."""
        return self.get(email__iexact=email or "")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail; created inactive when an import names them."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA zone; blank: the organization's."
    )
    language = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Code of the language of pages and messages; blank: the browser's for pages, "
        "the organization's for messages.",
    )
    is_staff = models.BooleanField(
        "admin access", default=False, help_text="May open the administration pages."
    )
    is_active = models.BooleanField(
        default=True, help_text="Untick instead of deleting: history keeps naming the person."
    )
    joined_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        permissions = [
            ("view_all_leads", "Can see the leads and handoffs of everybody"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self).split(" ")[0]


class Invitation(models.Model):
    """A person was asked to join: open until they accept it or somebody takes it back.

    The link to accept it is made when the message goes out; nothing of it is stored.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations"
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField()
    sent_at = models.DateTimeField(help_text="When the message was asked for last.")
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("person",),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation",
                violation_error_message="This person is invited already.",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None),
                name="invitation_ends_once",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoked_by=None)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="invitation_taken_back_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.person}"


class Allowance(models.Model):
    """How often something may still be asked for: a bucket that fills with time.

    `subject` is the SHA-256 of who asks for what; no row: a full bucket. In an unlogged table,
    which a crash of the server empties. Written by `people.rates.take` alone, pruned when full.
    """

    subject = models.BinaryField(max_length=32, primary_key=True)
    remaining = models.FloatField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(remaining__gte=0), name="allowance_not_overdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining:.1f} left"


class Organization(models.Model):
    """The one company that this installation serves."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA zone name.")
    week_starts_on = models.SmallIntegerField(default=0, help_text="0 is Monday, 6 is Sunday.")
    currency = models.CharField(
        max_length=3, default="USD", help_text="ISO 4217 code that reports convert to."
    )
    language = models.CharField(
        max_length=16,
        default="en",
        db_default="en",
        help_text="Language of messages to people who chose none.",
    )
    set_up_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When somebody put the first steps away; blank while they are to be done.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_organization"),
            models.CheckConstraint(
                condition=models.Q(week_starts_on__range=(0, 6)), name="week_starts_on_a_weekday"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What an API key is for; a key has one or several, `people.keys` says what each allows."""

    INGEST = "ingest", "Ingest: send leads, accounts, touchpoints and opportunities"
    READ = "read", "Read: everything but people and keys"
    HANDOFF = "handoff", "Handoff: answer handoffs for the people named"
    CONFIG = "config", "Config: change campaigns, territories, reps, calendars, reasons"


def usual_scopes() -> list[str]:
    """Return what most integrations need: to send facts and read what became of them."""
    return [Scope.INGEST.value, Scope.READ.value]


class ApiKey(models.Model):
    """A key by which an integration calls the REST API; only its SHA-256 is stored."""

    name = models.CharField(
        max_length=200, help_text="What uses the key, for example “Website forms”."
    )
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    system = models.SlugField(
        max_length=64, help_text="Facts sent with this key belong to this external system."
    )
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope),
        default=usual_scopes,
        help_text="What the key may be used for.",
    )
    rate_per_minute = models.PositiveIntegerField(
        default=6_000,
        db_default=6_000,
        help_text="Calls a minute; as many at once when the key has rested.",
    )
    family = models.UUIDField(db_default=RandomUUID(), editable=False)
    """The same for a key and those that replaced it: to the product one caller."""
    replaces = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="replaced_by",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    calls_left: int | None = None
    """Calls that the key had left when it was checked last; known to that request alone."""

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__len__gt=0, scopes__contained_by=Scope.values),
                name="api_key_scopes_known",
                violation_error_message="A key has at least one of the known scopes.",
            ),
            models.CheckConstraint(
                condition=models.Q(rate_per_minute__gt=0), name="api_key_rate_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class CallAllowance(models.Model):
    """How many calls a key has left: a bucket that fills with time up to the key's rate.

    In an unlogged table, which a crash of the server empties; a key without a row has a full
    bucket. Written by `people.keys.check` alone.
    """

    key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    calls_left = models.FloatField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(calls_left__gte=0), name="call_allowance_not_overdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calls_left:.0f} calls of key {self.key_id}"


class IdempotentRequest(models.Model):
    """A write that came with an Idempotency-Key, and how it was answered.

    Saved in the transaction of what the write did, hence there exactly when it was done. `owner`
    is the caller: the public id of a person, or the family of an API key. Pruned after 30 days.
    """

    owner = models.UUIDField()
    idempotency_key = models.CharField(max_length=255)
    method = models.CharField(max_length=7)
    path = models.TextField()
    body_hash = models.BinaryField(max_length=32)
    """SHA-256 of the body's very bytes."""
    status = models.SmallIntegerField(null=True)
    """Null only within the transaction that answers."""
    location = models.TextField(blank=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", "idempotency_key", name="one_answer_per_request"),
            models.CheckConstraint(
                condition=models.Q(status__range=(200, 299)), name="only_success_is_kept"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ConversionRate(models.Model):
    """What one unit of `currency` was worth in the organization's currency from a day on."""

    currency = models.CharField(max_length=3)
    effective_on = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [
            models.UniqueConstraint("currency", "effective_on", name="one_rate_per_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate} from {self.effective_on}"
