"""Handoffs, clocks and memberships of old say what new ones say; ten thousand in a transaction."""

from django.db import migrations

BATCH = 10_000

HANDOFFS = """
UPDATE routing_handoff handoff
SET campaign_id = lead.campaign_id, source_id = lead.source_id,
    first_contact_at = (SELECT min(at) FROM routing_attempt
                        WHERE handoff_id = handoff.id AND outcome = 'reached')
FROM leads_lead lead
WHERE lead.id = handoff.lead_id AND handoff.id > %s AND handoff.id <= %s
"""
TIMERS = """
UPDATE routing_slatimer timer
SET calendar_id = coalesce((
    SELECT calendar.id FROM definitions_slaterm term
    JOIN routing_businesscalendar calendar ON calendar.key = term.calendar_key
    WHERE term.version_id = handoff.version_id AND term.key = timer.term_key
), handoff.calendar_id)
FROM routing_handoff handoff
WHERE handoff.id = timer.handoff_id AND timer.is_business_time
  AND timer.id > %s AND timer.id <= %s
"""
STEPS = """
UPDATE routing_slatimerstep step SET is_urgent = true
FROM routing_slatimer timer
WHERE timer.id = step.timer_id AND timer.is_high_intent AND step.state = 'armed'
  AND step.id > %s AND step.id <= %s
"""
QUESTIONS = """
UPDATE routing_slatimer timer SET calendar_id = calendar.id
FROM routing_businesscalendar calendar
WHERE calendar.key = 'default' AND timer.review_task_id IS NOT NULL AND timer.is_business_time
"""
MEMBERSHIPS = """
UPDATE routing_territorymembership member SET open_count = held.count
FROM (SELECT territory_id, rep_id, count(*) FROM routing_handoff
      WHERE status IN ('assigned', 'accepted') GROUP BY 1, 2) held
WHERE held.territory_id = member.territory_id AND held.rep_id = member.rep_id
"""


def fill(apps, schema_editor):
    """Fill the new columns of large tables in batches, those of small ones in one go."""
    # The load triggers heed changes of owner alone, and the membership's own keeps a counter
    # that is written by hand: it stands aside for this one statement.
    with schema_editor.connection.cursor() as cursor:
        for table, statement in (
            ("routing_handoff", HANDOFFS),
            ("routing_slatimer", TIMERS),
            ("routing_slatimerstep", STEPS),
        ):
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            (last,) = cursor.fetchone()
            for begins in range(0, last, BATCH):
                cursor.execute(statement, [begins, begins + BATCH])
        cursor.execute(QUESTIONS)
        cursor.execute(
            "ALTER TABLE routing_territorymembership DISABLE TRIGGER membership_load_is_kept"
        )
        cursor.execute(MEMBERSHIPS)
        cursor.execute(
            "ALTER TABLE routing_territorymembership ENABLE TRIGGER membership_load_is_kept"
        )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0015_loads_and_marks")]
    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, atomic=False, elidable=True)
    ]
