"""A version moves along its life only, is frozen once it left draft, and needs two signatures."""

from django.db import migrations

FORWARD = """
ALTER TABLE definitions_definitionversion
    ADD CONSTRAINT version_hash_is_of_content CHECK (
        content = '' OR content_hash = encode(sha256(convert_to(content, 'UTF8')), 'hex')
    );

CREATE FUNCTION refuse_version(constraint_name text, reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', reason
        USING ERRCODE = 'check_violation', CONSTRAINT = constraint_name,
              TABLE = 'definitions_definitionversion';
END
$$;

CREATE FUNCTION has_two_signatures(version definitions_definitionversion) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT count(DISTINCT side) = 2
           AND count(DISTINCT signer_id) >= 2
           AND bool_or(signer_id <> version.author_id)
    FROM definitions_signoff
    WHERE version_id = version.id
      AND review_round = version.review_round
      AND content_hash = version.content_hash
$$;

CREATE FUNCTION guard_version_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.review_round <> 1 THEN
            PERFORM refuse_version('version_starts_as_draft', 'a version starts as a draft');
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' OR OLD.review_round > 1 THEN
            PERFORM refuse_version('version_that_left_draft_is_kept',
                                   'a version that was submitted is never deleted');
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('draft', 'in_review'), ('in_review', 'signed'), ('signed', 'active'),
        ('active', 'retired'), ('in_review', 'draft'), ('signed', 'draft')
    ) THEN
        PERFORM refuse_version('version_moves_along_its_life',
                               format('a version does not go from %s to %s', OLD.state, NEW.state));
    END IF;
    IF NEW.review_round
       <> OLD.review_round + (OLD.state <> 'draft' AND NEW.state = 'draft')::int THEN
        PERFORM refuse_version('version_round_counts_withdrawals',
                               'the review round grows by one at each withdrawal, else it stays');
    END IF;
    IF OLD.state <> NEW.state AND NEW.state IN ('signed', 'active')
       AND NOT has_two_signatures(NEW) THEN
        PERFORM refuse_version('version_needs_two_signatures',
            'both sides must sign the present content: two people, not the author alone');
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION guard_version_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What may change after submit; withdrawing also voids the content, and nothing else.
    life text[] := ARRAY['state', 'review_round', 'activated_at', 'retired_at'];
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

CREATE TRIGGER version_life BEFORE INSERT OR UPDATE OR DELETE ON definitions_definitionversion
    FOR EACH ROW EXECUTE FUNCTION guard_version_life();
CREATE TRIGGER version_freeze BEFORE UPDATE ON definitions_definitionversion
    FOR EACH ROW EXECUTE FUNCTION guard_version_freeze();
"""

REVERSE = """
DROP TRIGGER version_freeze ON definitions_definitionversion;
DROP TRIGGER version_life ON definitions_definitionversion;
DROP FUNCTION guard_version_freeze();
DROP FUNCTION guard_version_life();
DROP FUNCTION has_two_signatures(definitions_definitionversion);
DROP FUNCTION refuse_version(text, text);
ALTER TABLE definitions_definitionversion DROP CONSTRAINT version_hash_is_of_content;
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0003_refuse_change")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
