"""Counts credits in shares of a turn, which is worth the same whoever could take it."""

from django.db import migrations, models

TURN = 720_720_000_000

WEIGHTS = """
    SELECT territory_id, sum(weight) AS total FROM routing_territorymembership
    WHERE is_active GROUP BY territory_id
"""
TO_SHARES = f"""
UPDATE routing_territorymembership AS member
SET credit = round(member.credit::numeric * {TURN} / coalesce(weights.total, 1))
FROM routing_territory AS territory LEFT JOIN ({WEIGHTS}) AS weights
    ON weights.territory_id = territory.id
WHERE territory.id = member.territory_id AND member.credit <> 0
"""
TO_WEIGHTS = f"""
UPDATE routing_territorymembership AS member
SET credit = round(member.credit::numeric * coalesce(weights.total, 1) / {TURN})
FROM routing_territory AS territory LEFT JOIN ({WEIGHTS}) AS weights
    ON weights.territory_id = territory.id
WHERE territory.id = member.territory_id AND member.credit <> 0
"""


class Migration(migrations.Migration):
    """Members are few: the rewritten table is locked for an instant."""

    dependencies = [("routing", "0029_paused_and_waiting")]
    operations = [
        migrations.AlterField(
            "territorymembership", "credit", models.BigIntegerField(default=0, editable=False)
        ),
        migrations.RunSQL(TO_SHARES, TO_WEIGHTS),
    ]
