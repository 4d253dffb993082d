"""What was decided, tried and answered is kept as it is; a holder's segment ends once."""

from django.db import migrations

HISTORIES = (
    ("routing_routingdecision", "decision_is_append_only"),
    ("routing_attempt", "attempt_is_append_only"),
    ("routing_acceptance", "acceptance_is_append_only"),
    ("routing_rejection", "rejection_is_append_only"),
    ("routing_reversal", "reversal_is_append_only"),
    ("routing_slaevent", "sla_event_is_append_only"),
)

SEGMENTS = """
CREATE FUNCTION guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL
       AND to_jsonb(OLD) - 'ended_at' = to_jsonb(NEW) - 'ended_at' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: a segment ends once and is else kept as it is',
        TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              SCHEMA = TG_TABLE_SCHEMA;
END
$$;

CREATE TRIGGER assignment_only_ends BEFORE UPDATE OR DELETE ON routing_assignment
    FOR EACH ROW EXECUTE FUNCTION guard_assignment();
"""

REVERSE_SEGMENTS = """
DROP TRIGGER assignment_only_ends ON routing_assignment;
DROP FUNCTION guard_assignment();
"""

FORWARD = "\n".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    for table, name in HISTORIES
)
REVERSE = "\n".join(f"DROP TRIGGER {name} ON {table};" for table, name in HISTORIES)


class Migration(migrations.Migration):
    dependencies = [("definitions", "0003_refuse_change"), ("routing", "0004_response_clock")]
    operations = [
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.RunSQL(SEGMENTS, REVERSE_SEGMENTS),
    ]
