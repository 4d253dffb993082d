"""The rows of a version's content are written only while it is a draft."""

from django.db import migrations

NOUNS = {
    "level": "level",
    "criterion": "criterion",
    "scorerule": "score_rule",
    "stagerule": "stage_rule",
    "segmentrule": "segment_rule",
    "slaterm": "sla_term",
    "versionkind": "version_kind",
    "versiontitlerule": "version_title_rule",
}

FUNCTION = """
CREATE FUNCTION guard_content_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[];
    version_state text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY[NEW.version_id];
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY[OLD.version_id];
    ELSE
        touched := ARRAY[OLD.version_id, NEW.version_id];
    END IF;
    -- The share lock waits for a submit that is under way, and makes a later one wait for this
    -- edit; a key share lock, which the foreign key takes, would not.
    FOR version_state IN
        SELECT state FROM definitions_definitionversion
        WHERE id = ANY (touched) ORDER BY id FOR SHARE
    LOOP
        IF version_state <> 'draft' THEN
            RAISE EXCEPTION '% of % is refused: the version left draft', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
                      SCHEMA = TG_TABLE_SCHEMA;
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END
$$;
"""

FORWARD = FUNCTION + "".join(
    f"""
CREATE TRIGGER {noun}_frozen_after_draft
    BEFORE INSERT OR UPDATE OR DELETE ON definitions_{table}
    FOR EACH ROW EXECUTE FUNCTION guard_content_row();
"""
    for table, noun in NOUNS.items()
)

REVERSE = (
    "".join(
        f"DROP TRIGGER {noun}_frozen_after_draft ON definitions_{table};\n"
        for table, noun in NOUNS.items()
    )
    + "DROP FUNCTION guard_content_row();"
)


class Migration(migrations.Migration):
    dependencies = [("definitions", "0004_version_life")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
