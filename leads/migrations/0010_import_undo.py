"""An import that is undone may take back the history that it wrote, and nothing else."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION is_taken_back(
    lead_id bigint, account_id bigint, opportunity_id bigint, transition_id bigint
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM leads_importbatch AS batch JOIN leads_importrun AS run ON run.id = batch.run_id
        WHERE batch.id = NULLIF(current_setting('app.undoing', true), '')::bigint
            AND run.state = 'undoing'
            AND (lead_id = ANY(batch.leads) OR account_id = ANY(batch.accounts)
                OR opportunity_id = ANY(batch.opportunities)
                OR transition_id = ANY(batch.transitions))
    )
$$;
COMMENT ON FUNCTION is_taken_back(bigint, bigint, bigint, bigint) IS
    'The ledger of the slice that is being undone says that an import created this.';

CREATE FUNCTION refuse_change_but_undo() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept jsonb;
BEGIN
    IF current_setting('app.erasing', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND current_setting('app.undoing', true) <> '' THEN
        kept := to_jsonb(OLD);
        IF is_taken_back(
            (kept ->> 'lead_id')::bigint,
            (kept ->> 'account_id')::bigint,
            (kept ->> 'opportunity_id')::bigint,
            CASE WHEN TG_TABLE_NAME = 'leads_stagetransition' THEN OLD.id END
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused: rows of a history are kept as they are', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              SCHEMA = TG_TABLE_SCHEMA;
END
$$;

CREATE FUNCTION refuse_forged_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM leads_importrun AS run WHERE run.id = NEW.run_id AND run.state = 'importing'
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of a ledger is refused: it is written while its slice is saved', TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              SCHEMA = TG_TABLE_SCHEMA;
END
$$;

CREATE TRIGGER ledger_is_kept BEFORE INSERT OR UPDATE OR DELETE ON leads_importbatch
    FOR EACH ROW EXECUTE FUNCTION refuse_forged_ledger();
"""

REVERSE = """
DROP TRIGGER ledger_is_kept ON leads_importbatch;
"""

HISTORIES = (
    ("leads_stagetransition", "transition_is_append_only"),
    ("leads_evaluation", "evaluation_is_append_only"),
    ("leads_attributechange", "attribute_change_is_append_only"),
)


def guarded_by(function: str) -> str:
    """Write the statements that let a function guard the histories."""
    return "\n".join(
        f"CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}();"
        for table, name in HISTORIES
    )


DROP = """
DROP FUNCTION refuse_forged_ledger();
DROP FUNCTION refuse_change_but_undo();
DROP FUNCTION is_taken_back(bigint, bigint, bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0009_import_runs")]
    operations = [
        migrations.RunSQL(
            FORWARD + guarded_by("refuse_change_but_undo"),
            REVERSE + guarded_by("refuse_change") + DROP,
        )
    ]
