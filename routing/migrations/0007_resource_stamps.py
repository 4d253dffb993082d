"""Who and what routing works with says when its row last changed; notices and absences get names.

Defaults that are one instant for all rows leave the tables as they are. Each notice of old gets
its public id in batches, and the indexes of the large tables are built beside running work.
"""

from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

TABLES = (
    "rep",
    "namedaccount",
    "absence",
    "queue",
    "territory",
    "territorymembership",
    "businesscalendar",
    "rejectionreason",
    "slatimer",
)

STAMPED = [
    # After `rep_load_is_kept`, in the order of names, whose counters are part of the row.
    f"""
    CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON routing_{table}
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
    """
    for table in TABLES
]
UNSTAMPED = [f"DROP TRIGGER {table}_updated_at ON routing_{table}" for table in TABLES]

PARTS = ("calendarwindow", "calendarclosure")
PARTS_STAMP = [
    """
    CREATE FUNCTION stamp_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE routing_businesscalendar SET updated_at = clock_timestamp()
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.calendar_id ELSE NEW.calendar_id END;
        RETURN NULL;
    END
    $$
    """,
    *(
        f"""
        CREATE TRIGGER {part}_stamps_calendar AFTER INSERT OR UPDATE OR DELETE ON routing_{part}
            FOR EACH ROW EXECUTE FUNCTION stamp_calendar()
        """
        for part in PARTS
    ),
]
PARTS_UNSTAMP = [
    *(f"DROP TRIGGER {part}_stamps_calendar ON routing_{part}" for part in PARTS),
    "DROP FUNCTION stamp_calendar()",
]

NOTICES_NAMED = [
    "ALTER TABLE routing_notice ADD COLUMN public_id uuid",
    "ALTER TABLE routing_notice ALTER COLUMN public_id SET DEFAULT gen_random_uuid()",
]
BATCH = """
UPDATE routing_notice SET public_id = gen_random_uuid()
WHERE id IN (SELECT id FROM routing_notice WHERE public_id IS NULL LIMIT 10000)
"""
NOTICES_SETTLED = [
    "CREATE UNIQUE INDEX CONCURRENTLY routing_notice_public_id_key ON routing_notice (public_id)",
    "ALTER TABLE routing_notice ADD CONSTRAINT routing_notice_public_id_key UNIQUE "
    "USING INDEX routing_notice_public_id_key",
    "ALTER TABLE routing_notice ADD CONSTRAINT notice_is_named CHECK (public_id IS NOT NULL) "
    "NOT VALID",
    "ALTER TABLE routing_notice VALIDATE CONSTRAINT notice_is_named",
    # The validated check spares this one the look at every row.
    "ALTER TABLE routing_notice ALTER COLUMN public_id SET NOT NULL",
    "ALTER TABLE routing_notice DROP CONSTRAINT notice_is_named",
]


def name_notices(apps, schema_editor):
    """Give each notice of old its public id, ten thousand in a transaction."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(BATCH)
        while cursor.rowcount:
            cursor.execute(BATCH)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("definitions", "0009_resource_stamps"),
        ("routing", "0006_promised_instants"),
    ]
    operations = [
        *(
            migrations.AddField(
                table, "updated_at", models.DateTimeField(db_default=Now(), editable=False)
            )
            for table in TABLES
        ),
        migrations.RunSQL(STAMPED, UNSTAMPED),
        migrations.RunSQL(PARTS_STAMP, PARTS_UNSTAMP),
        AddIndexConcurrently(
            "slatimer", models.Index(fields=["updated_at", "id"], name="timer_by_update")
        ),
        migrations.AddField(
            "absence",
            "public_id",
            models.UUIDField(db_default=RandomUUID(), unique=True, editable=False),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    NOTICES_NAMED, "ALTER TABLE routing_notice DROP COLUMN public_id"
                ),
                migrations.RunPython(
                    name_notices, migrations.RunPython.noop, atomic=False, elidable=True
                ),
                migrations.RunSQL(NOTICES_SETTLED, migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.AddField(
                    "notice",
                    "public_id",
                    models.UUIDField(db_default=RandomUUID(), unique=True, editable=False),
                )
            ],
        ),
    ]
