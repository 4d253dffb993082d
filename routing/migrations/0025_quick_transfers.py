"""Giving handoffs to their owners costs less: triggers look at a row when what they guard changes.

What an owner's change touches is neither frozen nor without its clock, so neither guard is asked
then.
"""

from django.db import migrations

FROZEN = (
    "public_id",
    "lead_id",
    "version_id",
    "evaluation_id",
    "campaign_id",
    "source_id",
    "import_run_id",
    "calendar_id",
    "packet",
    "floor_missed",
    "qualified_at",
    "opened_at",
)
"""What the guard of a handoff compares."""

FREEZE = f"""
DROP TRIGGER handoff_freeze ON routing_handoff;
CREATE TRIGGER handoff_freeze BEFORE UPDATE OF {", ".join(FROZEN)} ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_freeze();
CREATE TRIGGER handoff_updated_at BEFORE UPDATE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION stamp_row();
"""
FREEZE_BACK = """
DROP TRIGGER handoff_updated_at ON routing_handoff;
DROP TRIGGER handoff_freeze ON routing_handoff;
CREATE TRIGGER handoff_freeze BEFORE UPDATE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_freeze();
"""

# One that was open before has its clock: `response_clock_stays_with_open_handoff` keeps it.
CLOCK = """
DROP TRIGGER open_handoff_has_a_response_clock ON routing_handoff;
CREATE CONSTRAINT TRIGGER open_handoff_has_a_response_clock
    AFTER INSERT ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
CREATE CONSTRAINT TRIGGER reopened_handoff_has_a_response_clock
    AFTER UPDATE OF status ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted')
                       AND OLD.status NOT IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
"""
CLOCK_BACK = """
DROP TRIGGER reopened_handoff_has_a_response_clock ON routing_handoff;
DROP TRIGGER open_handoff_has_a_response_clock ON routing_handoff;
CREATE CONSTRAINT TRIGGER open_handoff_has_a_response_clock
    AFTER INSERT OR UPDATE OF status ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0024_series_times")]
    operations = [
        migrations.RunSQL(FREEZE, FREEZE_BACK),
        migrations.RunSQL(CLOCK, CLOCK_BACK),
    ]
