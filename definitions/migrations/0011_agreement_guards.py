"""What was said, refused and reviewed is kept; questions freeze with their version."""

from django.db import migrations

APPEND_ONLY = {
    "refusal": "refusal",
    "remark": "remark",
    "workshop": "workshop",
    "reviewsignature": "review_signature",
}

FORWARD = """
CREATE TRIGGER question_frozen_after_draft
    BEFORE INSERT OR UPDATE OR DELETE ON definitions_question
    FOR EACH ROW EXECUTE FUNCTION guard_content_row();

CREATE TRIGGER refusal_is_over_present_content BEFORE INSERT ON definitions_refusal
    FOR EACH ROW EXECUTE FUNCTION guard_signoff();

CREATE FUNCTION guard_review_signature() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    closed timestamptz;
BEGIN
    -- Two signers take turns, and neither signs while the review is closed.
    SELECT closed_at INTO closed FROM definitions_definitionreview
    WHERE id = NEW.review_id FOR NO KEY UPDATE;
    IF closed IS NOT NULL THEN
        RAISE EXCEPTION 'a review that is closed takes no further signature'
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
                  SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER review_signature_while_open BEFORE INSERT ON definitions_reviewsignature
    FOR EACH ROW EXECUTE FUNCTION guard_review_signature();

CREATE FUNCTION guard_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL
       AND to_jsonb(OLD) - 'next_version_id' <> to_jsonb(NEW) - 'next_version_id'
    THEN
        RAISE EXCEPTION 'a review that is closed is kept as it is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_closed_for_good',
                  TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    -- It takes both sides to confirm, and one of them to have it revised.
    IF NEW.closed_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.closed_at IS NULL) AND NOT EXISTS (
        SELECT FROM definitions_reviewsignature WHERE review_id = NEW.id
        HAVING count(DISTINCT side) = 2
           AND CASE WHEN bool_or(outcome = 'revised') THEN 'revised' ELSE 'confirmed' END
               = NEW.outcome
    ) THEN
        RAISE EXCEPTION 'both sides must sign the outcome of a review before it closes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'review_needs_two_signatures',
                  TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER review_life BEFORE INSERT OR UPDATE ON definitions_definitionreview
    FOR EACH ROW EXECUTE FUNCTION guard_review();
CREATE TRIGGER review_is_kept BEFORE DELETE ON definitions_definitionreview
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
""" + "".join(
    f"""
CREATE TRIGGER {noun}_is_append_only BEFORE UPDATE OR DELETE ON definitions_{table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
    for table, noun in APPEND_ONLY.items()
)

REVERSE = (
    "".join(
        f"DROP TRIGGER {noun}_is_append_only ON definitions_{table};\n"
        for table, noun in APPEND_ONLY.items()
    )
    + """
DROP TRIGGER review_is_kept ON definitions_definitionreview;
DROP TRIGGER review_life ON definitions_definitionreview;
DROP FUNCTION guard_review();
DROP TRIGGER review_signature_while_open ON definitions_reviewsignature;
DROP FUNCTION guard_review_signature();
DROP TRIGGER refusal_is_over_present_content ON definitions_refusal;
DROP TRIGGER question_frozen_after_draft ON definitions_question;
"""
)

FREEZE = """
CREATE OR REPLACE FUNCTION guard_version_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What may change after submit; withdrawing also voids the content, and nothing else.
    life text[] := ARRAY[%s];
BEGIN
    IF (OLD.public_id, OLD.definition_id, OLD.number, OLD.author_id, OLD.created_at)
       IS DISTINCT FROM (NEW.public_id, NEW.definition_id, NEW.number, NEW.author_id, NEW.created_at)
    THEN
        PERFORM refuse_version('version_identity_is_kept',
                               'a version keeps its definition, number and author');
    END IF;
    IF OLD.state = 'draft' THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'draft' THEN
        life := life || ARRAY['content', 'content_hash', 'submitted_at'];
    END IF;
    IF to_jsonb(OLD) - life <> to_jsonb(NEW) - life
       OR (OLD.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at)
       OR (OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at)
    THEN
        PERFORM refuse_version('version_is_frozen',
                               'a version that left draft is frozen; withdraw it to edit it');
    END IF;
    RETURN NEW;
END
$$;
"""

LIFE = "'state', 'review_round', 'activated_at', 'retired_at'"
FAILURES = "'activation_problem', 'activation_retry_at'"
"""What may also change of a version that left draft: that putting it in force failed."""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0010_agreement")]
    operations = [
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.RunSQL(FREEZE % f"{LIFE}, {FAILURES}", FREEZE % LIFE),
    ]
