"""Loads are counted a statement at a time and by territory too; what was published stays so.

A statement that gives a thousand handoffs to twenty reps changes twenty counters, not a thousand.
"""

from django.db import migrations

# Rows are paired by grouping: a join would be planned once a connection, for the few rows of the
# first statement, and go through every pair of them when thousands come.
LOADS = """
DROP TRIGGER handoff_counts_load ON routing_handoff;
DROP FUNCTION count_load();
DROP FUNCTION take_load(bigint, boolean);
DROP FUNCTION drop_load(bigint);

CREATE FUNCTION apply_load(moves jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- By ascending id, as everybody locks reps.
    PERFORM FROM routing_rep
    WHERE id IN (SELECT rep FROM jsonb_to_recordset(moves) AS move (rep bigint))
    ORDER BY id FOR NO KEY UPDATE;

    -- What exceeds goes first, so that a rep above capacity does not look free. Above capacity
    -- only by a person's word; else the CHECK on open_count refuses.
    UPDATE routing_rep rep
    SET open_count = held.base + least(held.over, greatest(rep.capacity - held.base, 0)),
        excess_count = rep.excess_count - held.from_excess
            + held.over - least(held.over, greatest(rep.capacity - held.base, 0))
    FROM (
        SELECT id, over, least(dropped, excess_count) AS from_excess,
               open_count - (dropped - least(dropped, excess_count)) + taken AS base
        FROM routing_rep JOIN (
            SELECT rep AS rep_id,
                   coalesce(sum(times) FILTER (WHERE way = 'drop'), 0)::int AS dropped,
                   coalesce(sum(times) FILTER (WHERE way = 'take'), 0)::int AS taken,
                   coalesce(sum(times) FILTER (WHERE way = 'over'), 0)::int AS over
            FROM jsonb_to_recordset(moves)
                AS move (rep bigint, of_rep boolean, way text, times int)
            WHERE of_rep GROUP BY 1
        ) moved ON moved.rep_id = id
    ) held
    WHERE rep.id = held.id;

    UPDATE routing_territorymembership member
    SET open_count = held.base + least(
            held.over, greatest(coalesce(member.capacity, 32767) - held.base, 0)),
        excess_count = member.excess_count - held.from_excess + held.over - least(
            held.over, greatest(coalesce(member.capacity, 32767) - held.base, 0))
    FROM (
        SELECT id, over, least(dropped, excess_count) AS from_excess,
               open_count - (dropped - least(dropped, excess_count)) + taken AS base
        FROM routing_territorymembership own JOIN (
            SELECT rep AS rep_id, territory AS territory_id,
                   coalesce(sum(times) FILTER (WHERE way = 'drop'), 0)::int AS dropped,
                   coalesce(sum(times) FILTER (WHERE way = 'take'), 0)::int AS taken,
                   coalesce(sum(times) FILTER (WHERE way = 'over'), 0)::int AS over
            FROM jsonb_to_recordset(moves)
                AS move (rep bigint, territory bigint, way text, times int) GROUP BY 1, 2
        ) moved ON moved.rep_id = own.rep_id AND moved.territory_id = own.territory_id
    ) held
    WHERE member.id = held.id;
END
$$;

CREATE FUNCTION count_load() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(summed) INTO moves FROM (
            SELECT rep_id AS rep, territory_id AS territory, true AS of_rep,
                   CASE WHEN is_over_capacity THEN 'over' ELSE 'take' END AS way, count(*) AS times
            FROM new_rows WHERE status IN ('assigned', 'accepted') GROUP BY 1, 2, 4
        ) summed;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT jsonb_agg(summed) INTO moves FROM (
            SELECT rep_id AS rep, territory_id AS territory, true AS of_rep, 'drop' AS way,
                   count(*) AS times
            FROM old_rows WHERE status IN ('assigned', 'accepted') GROUP BY 1, 2
        ) summed;
    ELSE
        WITH pair AS (
            SELECT min(old_rep) AS old_rep, min(new_rep) AS new_rep,
                   min(old_territory) AS old_territory, min(new_territory) AS new_territory,
                   bool_or(is_over) AS is_over
            FROM (
                SELECT id, rep_id AS old_rep, NULL::bigint AS new_rep,
                       territory_id AS old_territory, NULL::bigint AS new_territory,
                       false AS is_over
                FROM old_rows WHERE status IN ('assigned', 'accepted')
                UNION ALL
                SELECT id, NULL, rep_id, NULL, territory_id, is_over_capacity
                FROM new_rows WHERE status IN ('assigned', 'accepted')
            ) held GROUP BY id
        ), changed AS (
            SELECT *, old_rep IS DISTINCT FROM new_rep AS of_rep FROM pair
            WHERE old_rep IS DISTINCT FROM new_rep OR old_territory IS DISTINCT FROM new_territory
        )
        SELECT jsonb_agg(summed) INTO moves FROM (
            SELECT old_rep AS rep, old_territory AS territory, of_rep, 'drop' AS way,
                   count(*) AS times
            FROM changed WHERE old_rep IS NOT NULL GROUP BY 1, 2, 3
            UNION ALL
            SELECT new_rep, new_territory, of_rep,
                   CASE WHEN is_over THEN 'over' ELSE 'take' END, count(*)
            FROM changed WHERE new_rep IS NOT NULL GROUP BY 1, 2, 3, 4
        ) summed;
    END IF;
    IF moves IS NOT NULL THEN
        PERFORM apply_load(moves);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER handoff_load_taken AFTER INSERT ON routing_handoff
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_load();
CREATE TRIGGER handoff_load_moved AFTER UPDATE ON routing_handoff
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_load();
CREATE TRIGGER handoff_load_dropped AFTER DELETE ON routing_handoff
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_load();

CREATE FUNCTION keep_territory_load() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    load integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Whoever gives this rep a lead or takes one locks the rep: none slips in beside the count.
        PERFORM FROM routing_rep WHERE id = NEW.rep_id FOR NO KEY UPDATE;
        SELECT count(*) INTO load FROM routing_handoff
        WHERE rep_id = NEW.rep_id AND territory_id = NEW.territory_id
          AND status IN ('assigned', 'accepted');
    ELSE
        -- Whoever saves a whole row writes the counters that they once read.
        IF pg_trigger_depth() = 1 THEN
            NEW.open_count := OLD.open_count;
            NEW.excess_count := OLD.excess_count;
        END IF;
        load := NEW.open_count + NEW.excess_count;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.capacity IS DISTINCT FROM OLD.capacity THEN
        NEW.open_count := LEAST(load, coalesce(NEW.capacity, 32767));
        NEW.excess_count := load - NEW.open_count;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER membership_load_is_kept
    BEFORE INSERT OR UPDATE OF capacity, open_count, excess_count ON routing_territorymembership
    FOR EACH ROW EXECUTE FUNCTION keep_territory_load();
"""

LOADS_BACK = """
DROP TRIGGER membership_load_is_kept ON routing_territorymembership;
DROP FUNCTION keep_territory_load();
DROP TRIGGER handoff_load_dropped ON routing_handoff;
DROP TRIGGER handoff_load_moved ON routing_handoff;
DROP TRIGGER handoff_load_taken ON routing_handoff;
DROP FUNCTION count_load();
DROP FUNCTION apply_load(jsonb);

CREATE FUNCTION take_load(rep bigint, may_exceed boolean) RETURNS void LANGUAGE sql AS $$
    UPDATE routing_rep
    SET open_count = open_count + (NOT (may_exceed AND open_count >= capacity))::int,
        excess_count = excess_count + (may_exceed AND open_count >= capacity)::int
    WHERE id = rep
$$;
CREATE FUNCTION drop_load(rep bigint) RETURNS void LANGUAGE sql AS $$
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
CREATE TRIGGER handoff_counts_load
    AFTER INSERT OR DELETE OR UPDATE OF rep_id, status ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION count_load();
"""

ROOM = """
CREATE FUNCTION mark_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM routing_handoff WHERE status = 'queued') THEN
        INSERT INTO routing_roommark DEFAULT VALUES;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER rep_has_room AFTER UPDATE ON routing_rep FOR EACH ROW
    WHEN (NEW.capacity - NEW.open_count - NEW.excess_count
          > OLD.capacity - OLD.open_count - OLD.excess_count
          OR (NEW.is_active AND NOT OLD.is_active) OR NEW.languages <> OLD.languages)
    EXECUTE FUNCTION mark_room();
CREATE TRIGGER membership_joined AFTER INSERT ON routing_territorymembership
    FOR EACH ROW EXECUTE FUNCTION mark_room();
CREATE TRIGGER membership_has_room AFTER UPDATE ON routing_territorymembership FOR EACH ROW
    WHEN ((NEW.is_active AND NOT OLD.is_active) OR NEW.capacity IS DISTINCT FROM OLD.capacity)
    EXECUTE FUNCTION mark_room();
CREATE TRIGGER absence_over AFTER UPDATE OR DELETE ON routing_absence
    FOR EACH STATEMENT EXECUTE FUNCTION mark_room();
CREATE TRIGGER suspension_over AFTER UPDATE ON routing_suspension
    FOR EACH STATEMENT EXECUTE FUNCTION mark_room();
"""
ROOM_BACK = """
DROP TRIGGER suspension_over ON routing_suspension;
DROP TRIGGER absence_over ON routing_absence;
DROP TRIGGER membership_has_room ON routing_territorymembership;
DROP TRIGGER membership_joined ON routing_territorymembership;
DROP TRIGGER rep_has_room ON routing_rep;
DROP FUNCTION mark_room();
"""

PLANS = """
CREATE FUNCTION guard_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'published' AND NEW.state IN ('published', 'retired')
       AND to_jsonb(OLD) - '{state,retired_at,updated_at}'::text[]
           = to_jsonb(NEW) - '{state,retired_at,updated_at}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: what was published stays as it is', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
              SCHEMA = TG_TABLE_SCHEMA;
END
$$;
CREATE TRIGGER plan_stays_as_published BEFORE UPDATE OR DELETE ON routing_routingplan
    FOR EACH ROW EXECUTE FUNCTION guard_plan();

CREATE FUNCTION guard_plan_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[];
    plan_state text;
BEGIN
    IF TG_TABLE_NAME = 'routing_routingrule' THEN
        touched := array_remove(ARRAY[
            CASE WHEN TG_OP <> 'INSERT' THEN (to_jsonb(OLD)->>'plan_id')::bigint END,
            CASE WHEN TG_OP <> 'DELETE' THEN (to_jsonb(NEW)->>'plan_id')::bigint END], NULL);
    ELSE
        SELECT array_agg(plan_id) INTO touched FROM routing_routingrule WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN (to_jsonb(OLD)->>'rule_id')::bigint END,
            CASE WHEN TG_OP <> 'DELETE' THEN (to_jsonb(NEW)->>'rule_id')::bigint END);
    END IF;
    -- The share lock waits for a publication that is under way, and makes a later one wait.
    FOR plan_state IN
        SELECT state FROM routing_routingplan WHERE id = ANY (touched) ORDER BY id FOR SHARE
    LOOP
        IF plan_state <> 'draft' THEN
            RAISE EXCEPTION '% of % is refused: its plan left draft', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
                      SCHEMA = TG_TABLE_SCHEMA;
        END IF;
    END LOOP;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER rule_frozen_after_draft BEFORE INSERT OR UPDATE OR DELETE ON routing_routingrule
    FOR EACH ROW EXECUTE FUNCTION guard_plan_row();
CREATE TRIGGER routing_condition_frozen_after_draft
    BEFORE INSERT OR UPDATE OR DELETE ON routing_routingcondition
    FOR EACH ROW EXECUTE FUNCTION guard_plan_row();
"""
PLANS_BACK = """
DROP TRIGGER routing_condition_frozen_after_draft ON routing_routingcondition;
DROP TRIGGER rule_frozen_after_draft ON routing_routingrule;
DROP FUNCTION guard_plan_row();
DROP TRIGGER plan_stays_as_published ON routing_routingplan;
DROP FUNCTION guard_plan();
"""

HISTORIES = (
    ("routing_floorcheck", "floor_check_is_append_only"),
    ("routing_bulkrejection", "bulk_rejection_is_append_only"),
)
KEPT = [
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    for table, name in HISTORIES
]
KEPT_BACK = [f"DROP TRIGGER {name} ON {table}" for table, name in HISTORIES]

TABLES = ("routingplan", "absenceseries", "suspension", "slaalert", "routingpolicy")
STAMPED = [
    f"""
    CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON routing_{table}
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
    """
    for table in TABLES
]
UNSTAMPED = [f"DROP TRIGGER {table}_updated_at ON routing_{table}" for table in TABLES]

CALENDARS = """
CREATE OR REPLACE FUNCTION stamp_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE routing_businesscalendar
    SET updated_at = clock_timestamp(), changed_at = clock_timestamp()
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.calendar_id ELSE NEW.calendar_id END;
    RETURN NULL;
END
$$;
CREATE FUNCTION stamp_changed_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER calendar_hours_changed BEFORE UPDATE ON routing_businesscalendar FOR EACH ROW
    WHEN ((OLD.time_zone, OLD.holiday_country, OLD.holiday_subdivision)
          IS DISTINCT FROM (NEW.time_zone, NEW.holiday_country, NEW.holiday_subdivision))
    EXECUTE FUNCTION stamp_changed_hours();
"""
CALENDARS_BACK = """
DROP TRIGGER calendar_hours_changed ON routing_businesscalendar;
DROP FUNCTION stamp_changed_hours();
CREATE OR REPLACE FUNCTION stamp_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE routing_businesscalendar SET updated_at = clock_timestamp()
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.calendar_id ELSE NEW.calendar_id END;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0014_built_beside_work")]
    operations = [
        migrations.RunSQL(LOADS, LOADS_BACK),
        migrations.RunSQL(ROOM, ROOM_BACK),
        migrations.RunSQL(PLANS, PLANS_BACK),
        migrations.RunSQL(KEPT, KEPT_BACK),
        migrations.RunSQL(STAMPED, UNSTAMPED),
        migrations.RunSQL(CALENDARS, CALENDARS_BACK),
    ]
