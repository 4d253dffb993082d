"""The load of a rep is counted by triggers alone, whoever writes a handoff or a capacity."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION take_load(rep bigint, may_exceed boolean) RETURNS void LANGUAGE sql AS $$
    -- Above capacity only by a person's word; else the CHECK on open_count refuses.
    UPDATE routing_rep
    SET open_count = open_count + (NOT (may_exceed AND open_count >= capacity))::int,
        excess_count = excess_count + (may_exceed AND open_count >= capacity)::int
    WHERE id = rep
$$;

CREATE FUNCTION drop_load(rep bigint) RETURNS void LANGUAGE sql AS $$
    -- What exceeds goes first, so that a rep above capacity does not look free.
    UPDATE routing_rep
    SET open_count = open_count - (excess_count = 0)::int,
        excess_count = excess_count - (excess_count > 0)::int
    WHERE id = rep
$$;

CREATE FUNCTION count_load() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held text[] := ARRAY['assigned', 'accepted'];
    old_rep bigint := CASE WHEN TG_OP <> 'INSERT' AND OLD.status = ANY (held) THEN OLD.rep_id END;
    new_rep bigint := CASE WHEN TG_OP <> 'DELETE' AND NEW.status = ANY (held) THEN NEW.rep_id END;
BEGIN
    IF old_rep IS NOT DISTINCT FROM new_rep THEN
        RETURN NULL;
    END IF;
    IF old_rep IS NOT NULL THEN
        PERFORM drop_load(old_rep);
    END IF;
    IF new_rep IS NOT NULL THEN
        PERFORM take_load(new_rep, NEW.is_over_capacity);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION keep_load() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    load integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.open_count := 0;
        NEW.excess_count := 0;
        RETURN NEW;
    END IF;
    -- Whoever saves a whole row writes the counters that they once read: those are not taken.
    IF pg_trigger_depth() = 1 THEN
        NEW.open_count := OLD.open_count;
        NEW.excess_count := OLD.excess_count;
    END IF;
    IF NEW.capacity <> OLD.capacity THEN
        load := NEW.open_count + NEW.excess_count;
        NEW.open_count := LEAST(load, NEW.capacity);
        NEW.excess_count := load - NEW.open_count;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER handoff_counts_load
    AFTER INSERT OR DELETE OR UPDATE OF rep_id, status ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION count_load();
CREATE TRIGGER rep_load_is_kept
    BEFORE INSERT OR UPDATE OF capacity, open_count, excess_count ON routing_rep
    FOR EACH ROW EXECUTE FUNCTION keep_load();
"""

REVERSE = """
DROP TRIGGER rep_load_is_kept ON routing_rep;
DROP TRIGGER handoff_counts_load ON routing_handoff;
DROP FUNCTION keep_load();
DROP FUNCTION count_load();
DROP FUNCTION drop_load(bigint);
DROP FUNCTION take_load(bigint, boolean);
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
