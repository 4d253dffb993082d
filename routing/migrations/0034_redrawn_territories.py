"""Whoever draws a territory anew has what waits looked at: some of it may be another's now."""

from django.db import migrations, models

REDRAWN = """
CREATE FUNCTION mark_redrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM routing_handoff WHERE status = 'queued') THEN
        -- The second is for what somebody works on, or routes by what the territories were.
        INSERT INTO routing_roommark (marked_at, is_redrawn)
        VALUES (now(), true), (now() + interval '10 seconds', true);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER territory_drawn AFTER INSERT ON routing_territory
    FOR EACH ROW EXECUTE FUNCTION mark_redrawn();
CREATE TRIGGER territory_redrawn AFTER UPDATE ON routing_territory FOR EACH ROW
    WHEN ((OLD.position, OLD.countries, OLD.regions, OLD.industries, OLD.product_lines,
           OLD.min_employees, OLD.max_employees, OLD.is_active, OLD.queue_id)
          IS DISTINCT FROM
          (NEW.position, NEW.countries, NEW.regions, NEW.industries, NEW.product_lines,
           NEW.min_employees, NEW.max_employees, NEW.is_active, NEW.queue_id))
    EXECUTE FUNCTION mark_redrawn();
"""
NOT_REDRAWN = """
DROP TRIGGER territory_redrawn ON routing_territory;
DROP TRIGGER territory_drawn ON routing_territory;
DROP FUNCTION mark_redrawn();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0033_moved_tasks")]
    operations = [
        migrations.AddField("roommark", "is_redrawn", models.BooleanField(db_default=False)),
        migrations.RunSQL(REDRAWN, NOT_REDRAWN),
    ]
