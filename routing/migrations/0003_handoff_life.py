"""A handoff moves along its life only, and what was handed over stays as it was."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_handoff(constraint_name text, reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', reason
        USING ERRCODE = 'check_violation', CONSTRAINT = constraint_name,
              TABLE = 'routing_handoff';
END
$$;

CREATE FUNCTION guard_handoff_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('queued', 'assigned'), ('queued', 'rejected'), ('queued', 'expired'),
        ('queued', 'converted'),
        ('assigned', 'queued'), ('assigned', 'accepted'), ('assigned', 'rejected'),
        ('assigned', 'returned'), ('assigned', 'expired'), ('assigned', 'converted'),
        ('accepted', 'queued'), ('accepted', 'assigned'), ('accepted', 'rejected'),
        ('accepted', 'returned'), ('accepted', 'converted'),
        ('rejected', 'queued'), ('rejected', 'assigned'), ('returned', 'accepted')
    ) THEN
        PERFORM refuse_handoff('handoff_moves_along_its_life',
                               format('a handoff does not go from %s to %s', OLD.status, NEW.status));
    END IF;
    IF OLD.status IN ('rejected', 'returned') AND OLD.status <> NEW.status AND EXISTS (
        SELECT FROM routing_rejection rejection
        WHERE rejection.handoff_id = OLD.id
          AND NOT EXISTS (SELECT FROM routing_reversal WHERE rejection_id = rejection.id)
    ) THEN
        PERFORM refuse_handoff('rejected_handoff_reopens_by_reversal',
                               'a rejected handoff opens again only when the rejection is taken back');
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION guard_handoff_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.public_id, OLD.lead_id, OLD.version_id, OLD.evaluation_id, OLD.floor_missed,
        OLD.qualified_at, OLD.opened_at)
       IS DISTINCT FROM
       (NEW.public_id, NEW.lead_id, NEW.version_id, NEW.evaluation_id, NEW.floor_missed,
        NEW.qualified_at, NEW.opened_at)
       -- Until its first clock starts, the term that applies may still name a calendar.
       OR (NEW.calendar_id <> OLD.calendar_id
           AND EXISTS (SELECT FROM routing_slatimer WHERE handoff_id = OLD.id))
       -- Erasing a person on request is the one, recorded, exception.
       OR (NEW.packet IS DISTINCT FROM OLD.packet
           AND current_setting('app.erasing', true) IS DISTINCT FROM 'on')
    THEN
        PERFORM refuse_handoff('handed_over_is_frozen',
            'a handoff keeps its lead, agreement, packet, calendar and when it began');
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE TRIGGER handoff_life BEFORE UPDATE OF status ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_life();
CREATE TRIGGER handoff_freeze BEFORE UPDATE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_freeze();
CREATE TRIGGER handoff_is_kept BEFORE DELETE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER handoff_is_kept ON routing_handoff;
DROP TRIGGER handoff_freeze ON routing_handoff;
DROP TRIGGER handoff_life ON routing_handoff;
DROP FUNCTION guard_handoff_freeze();
DROP FUNCTION guard_handoff_life();
DROP FUNCTION refuse_handoff(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0003_refuse_change"), ("routing", "0002_rep_load")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
