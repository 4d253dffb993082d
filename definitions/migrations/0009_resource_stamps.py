"""A definition, its versions and the catalog say when their rows last changed, whoever did it."""

from django.db import migrations, models
from django.db.models.functions import Now

FORWARD = """
CREATE FUNCTION stamp_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION stamp_row() IS
    'For BEFORE UPDATE row triggers: when the row last changed; nobody else writes updated_at.';

CREATE TRIGGER definition_updated_at BEFORE UPDATE ON definitions_definition
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row();
-- After `version_freeze` and `version_life`, in the order of names: these see what the caller wrote.
CREATE TRIGGER version_updated_at BEFORE UPDATE ON definitions_definitionversion
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row();
CREATE TRIGGER kind_updated_at BEFORE UPDATE ON definitions_touchpointkind
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row();
"""

REVERSE = """
DROP TRIGGER kind_updated_at ON definitions_touchpointkind;
DROP TRIGGER version_updated_at ON definitions_definitionversion;
DROP TRIGGER definition_updated_at ON definitions_definition;
DROP FUNCTION stamp_row();
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0008_criterion_level_is_of_its_version")]
    operations = [
        migrations.AddField(
            name, "updated_at", models.DateTimeField(db_default=Now(), editable=False)
        )
        for name in ("definition", "definitionversion", "touchpointkind")
    ] + [migrations.RunSQL(FORWARD, REVERSE)]
