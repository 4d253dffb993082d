"""A signature is over the present content of a version in review, and is kept as it is."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION guard_signoff() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    version definitions_definitionversion;
BEGIN
    -- Two signers take turns, and neither signs while the version is withdrawn.
    SELECT * INTO version FROM definitions_definitionversion
    WHERE id = NEW.version_id FOR NO KEY UPDATE;
    IF version.state <> 'in_review' OR NEW.review_round <> version.review_round
       OR NEW.content_hash <> version.content_hash THEN
        RAISE EXCEPTION 'a signature is given to the present content of a version in review'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
                  SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER signoff_is_over_present_content BEFORE INSERT ON definitions_signoff
    FOR EACH ROW EXECUTE FUNCTION guard_signoff();
CREATE TRIGGER signoff_is_append_only BEFORE UPDATE OR DELETE ON definitions_signoff
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER signoff_is_append_only ON definitions_signoff;
DROP TRIGGER signoff_is_over_present_content ON definitions_signoff;
DROP FUNCTION guard_signoff();
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0005_content_rows_frozen")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
