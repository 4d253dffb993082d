"""At commit every open handoff has its response clock; that there is one at most an index holds."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION demand_response_clock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Only the own table's columns are planned, so each branch stands alone.
    handoff bigint;
BEGIN
    IF TG_TABLE_NAME = 'routing_handoff' THEN
        handoff := NEW.id;
    ELSE
        handoff := OLD.handoff_id;
    END IF;
    IF EXISTS (
        SELECT FROM routing_handoff
        WHERE id = handoff AND status IN ('queued', 'assigned', 'accepted')
    ) AND NOT EXISTS (
        SELECT FROM routing_slatimer
        WHERE handoff_id = handoff AND milestone = 'first_response' AND state <> 'cancelled'
    ) THEN
        RAISE EXCEPTION 'handoff % is open without a response clock', handoff
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
                  SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER open_handoff_has_a_response_clock
    AFTER INSERT OR UPDATE OF status ON routing_handoff
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
CREATE CONSTRAINT TRIGGER response_clock_stays_with_open_handoff
    AFTER DELETE OR UPDATE OF state, milestone, handoff_id ON routing_slatimer
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.milestone = 'first_response' AND OLD.state <> 'cancelled')
    EXECUTE FUNCTION demand_response_clock();
"""

REVERSE = """
DROP TRIGGER response_clock_stays_with_open_handoff ON routing_slatimer;
DROP TRIGGER open_handoff_has_a_response_clock ON routing_handoff;
DROP FUNCTION demand_response_clock();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0003_handoff_life")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
