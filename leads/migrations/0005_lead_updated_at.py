"""A lead says when its row last changed, whoever changed it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION stamp_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE TRIGGER lead_updated_at BEFORE UPDATE ON leads_lead
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_lead();
"""

REVERSE = """
DROP TRIGGER lead_updated_at ON leads_lead;
DROP FUNCTION stamp_lead();
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0004_history_append_only")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
