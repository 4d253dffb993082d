"""Giving handoffs to their owners costs less: triggers look at a row when what they guard changes.

What an owner's change touches is neither frozen nor without its clock, so neither guard is asked
then. The load of reps is summed up once a statement, by a plan that suits one row and many.
"""

from django.db import migrations

FROZEN = (
    "public_id",
    "lead_id",
    "version_id",
    "evaluation_id",
    "campaign_id",
    "source_id",
    "import_run_id",
    "calendar_id",
    "packet",
    "floor_missed",
    "qualified_at",
    "opened_at",
)
"""What the guard of a handoff compares."""

FREEZE = f"""
DROP TRIGGER handoff_freeze ON routing_handoff;
CREATE TRIGGER handoff_freeze BEFORE UPDATE OF {", ".join(FROZEN)} ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_freeze();
CREATE TRIGGER handoff_updated_at BEFORE UPDATE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION stamp_row();
"""
FREEZE_BACK = """
DROP TRIGGER handoff_updated_at ON routing_handoff;
DROP TRIGGER handoff_freeze ON routing_handoff;
CREATE TRIGGER handoff_freeze BEFORE UPDATE ON routing_handoff
    FOR EACH ROW EXECUTE FUNCTION guard_handoff_freeze();
"""

# One that was open before has its clock: `response_clock_stays_with_open_handoff` keeps it.
CLOCK = """
DROP TRIGGER open_handoff_has_a_response_clock ON routing_handoff;
CREATE CONSTRAINT TRIGGER open_handoff_has_a_response_clock
    AFTER INSERT ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
CREATE CONSTRAINT TRIGGER reopened_handoff_has_a_response_clock
    AFTER UPDATE OF status ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted')
                       AND OLD.status NOT IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
"""
CLOCK_BACK = """
DROP TRIGGER reopened_handoff_has_a_response_clock ON routing_handoff;
DROP TRIGGER open_handoff_has_a_response_clock ON routing_handoff;
CREATE CONSTRAINT TRIGGER open_handoff_has_a_response_clock
    AFTER INSERT OR UPDATE OF status ON routing_handoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status IN ('queued', 'assigned', 'accepted'))
    EXECUTE FUNCTION demand_response_clock();
"""

# Rows are paired by grouping: a join would be planned once a connection, for the few rows of the
# first statement, and go through every pair of them when thousands come.
LOADS = """
CREATE OR REPLACE FUNCTION apply_load(moves jsonb) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION count_load() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

LOADS_BACK = """
CREATE OR REPLACE FUNCTION apply_load(moves jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- By ascending id, as everybody locks reps.
    PERFORM FROM routing_rep
    WHERE id IN (SELECT (move->>'rep')::bigint FROM jsonb_array_elements(moves) move)
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
            SELECT (move->>'rep')::bigint AS rep_id,
                   count(*) FILTER (WHERE move->>'way' = 'drop') AS dropped,
                   count(*) FILTER (WHERE move->>'way' = 'take') AS taken,
                   count(*) FILTER (WHERE move->>'way' = 'over') AS over
            FROM jsonb_array_elements(moves) move
            WHERE (move->>'of_rep')::boolean GROUP BY 1
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
            SELECT (move->>'rep')::bigint AS rep_id, (move->>'territory')::bigint AS territory_id,
                   count(*) FILTER (WHERE move->>'way' = 'drop') AS dropped,
                   count(*) FILTER (WHERE move->>'way' = 'take') AS taken,
                   count(*) FILTER (WHERE move->>'way' = 'over') AS over
            FROM jsonb_array_elements(moves) move GROUP BY 1, 2
        ) moved ON moved.rep_id = own.rep_id AND moved.territory_id = own.territory_id
    ) held
    WHERE member.id = held.id;
END
$$;

CREATE OR REPLACE FUNCTION count_load() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT jsonb_agg(jsonb_build_object(
            'rep', rep_id, 'territory', territory_id, 'of_rep', true,
            'way', CASE WHEN is_over_capacity THEN 'over' ELSE 'take' END)) INTO moves
        FROM new_rows WHERE status IN ('assigned', 'accepted');
    ELSIF TG_OP = 'DELETE' THEN
        SELECT jsonb_agg(jsonb_build_object(
            'rep', rep_id, 'territory', territory_id, 'of_rep', true, 'way', 'drop')) INTO moves
        FROM old_rows WHERE status IN ('assigned', 'accepted');
    ELSE
        WITH pair AS (
            SELECT CASE WHEN was.status IN ('assigned', 'accepted') THEN was.rep_id END AS old_rep,
                   CASE WHEN now.status IN ('assigned', 'accepted') THEN now.rep_id END AS new_rep,
                   was.territory_id AS old_territory, now.territory_id AS new_territory,
                   now.is_over_capacity
            FROM old_rows was JOIN new_rows now ON now.id = was.id
        ), changed AS (
            SELECT *, old_rep IS DISTINCT FROM new_rep AS of_rep FROM pair
            WHERE old_rep IS DISTINCT FROM new_rep
               OR (new_rep IS NOT NULL AND old_territory IS DISTINCT FROM new_territory)
        )
        SELECT jsonb_agg(move) INTO moves FROM (
            SELECT jsonb_build_object('rep', old_rep, 'territory', old_territory,
                                      'of_rep', of_rep, 'way', 'drop') AS move
            FROM changed WHERE old_rep IS NOT NULL
            UNION ALL
            SELECT jsonb_build_object('rep', new_rep, 'territory', new_territory,
                'of_rep', of_rep, 'way', CASE WHEN is_over_capacity THEN 'over' ELSE 'take' END)
            FROM changed WHERE new_rep IS NOT NULL
        ) both_ways;
    END IF;
    IF moves IS NOT NULL THEN
        PERFORM apply_load(moves);
    END IF;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0024_series_times")]
    operations = [
        migrations.RunSQL(FREEZE, FREEZE_BACK),
        migrations.RunSQL(CLOCK, CLOCK_BACK),
        migrations.RunSQL(LOADS, LOADS_BACK),
    ]
