"""Whether a handover misses the floor may be corrected, and says what its latest check found."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION guard_handoff_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.public_id, OLD.lead_id, OLD.version_id, OLD.evaluation_id,
        OLD.campaign_id, OLD.source_id, OLD.import_run_id, OLD.qualified_at, OLD.opened_at)
       IS DISTINCT FROM
       (NEW.public_id, NEW.lead_id, NEW.version_id, NEW.evaluation_id,
        NEW.campaign_id, NEW.source_id, NEW.import_run_id, NEW.qualified_at, NEW.opened_at)
       -- Until its first clock starts, the term that applies may still name a calendar.
       OR (NEW.calendar_id <> OLD.calendar_id
           AND EXISTS (SELECT FROM routing_slatimer WHERE handoff_id = OLD.id))
       -- Erasing a person on request is the one, recorded, exception.
       OR (NEW.packet IS DISTINCT FROM OLD.packet
           AND current_setting('app.erasing', true) IS DISTINCT FROM 'on')
    THEN
        PERFORM refuse_handoff('handed_over_is_frozen',
            'a handoff keeps its lead, agreement, packet, calendar, origin and when it began');
    END IF;
    IF NEW.floor_missed <> OLD.floor_missed AND NEW.floor_missed IS DISTINCT FROM (
        SELECT cardinality(missed) > 0 FROM routing_floorcheck
        WHERE handoff_id = OLD.id ORDER BY at DESC, id DESC LIMIT 1)
    THEN
        PERFORM refuse_handoff('floor_follows_its_check',
            'whether a handover misses the floor is what its latest check found');
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
"""

GUARD_BACK = """
CREATE OR REPLACE FUNCTION guard_handoff_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.public_id, OLD.lead_id, OLD.version_id, OLD.evaluation_id, OLD.floor_missed,
        OLD.qualified_at, OLD.opened_at)
       IS DISTINCT FROM
       (NEW.public_id, NEW.lead_id, NEW.version_id, NEW.evaluation_id, NEW.floor_missed,
        NEW.qualified_at, NEW.opened_at)
       OR (NEW.calendar_id <> OLD.calendar_id
           AND EXISTS (SELECT FROM routing_slatimer WHERE handoff_id = OLD.id))
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
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0019_absences_due")]
    operations = [migrations.RunSQL(GUARD, GUARD_BACK)]
