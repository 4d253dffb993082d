"""The function behind every history trigger: a row, once written, is neither changed nor deleted."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Erasing a person on request is the one, recorded, exception.
    IF current_setting('app.erasing', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows of a history are kept as they are', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              SCHEMA = TG_TABLE_SCHEMA;
END
$$;
COMMENT ON FUNCTION refuse_change() IS
    'For BEFORE UPDATE OR DELETE row triggers of histories; the error bears the trigger''s name.';
"""

REVERSE = "DROP FUNCTION refuse_change();"


class Migration(migrations.Migration):
    dependencies = [("definitions", "0002_version_not_active_before_effective")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
