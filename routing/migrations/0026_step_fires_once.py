"""A step leaves one line in the ledger, whatever fires it; built while people work."""

from django.db import migrations, models
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

ONCE = ("warned", "breached", "reminded", "manager_told", "escalated", "reassigned")
INDEX = f"""
CREATE UNIQUE INDEX CONCURRENTLY step_fires_once
    ON routing_slaevent (timer_id, kind, (coalesce(detail ->> 'level', '1')))
    WHERE kind IN {ONCE}
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0025_quick_transfers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(INDEX, "DROP INDEX CONCURRENTLY step_fires_once")
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="slaevent",
                    constraint=models.UniqueConstraint(
                        models.F("timer"),
                        models.F("kind"),
                        Coalesce(KeyTextTransform("level", "detail"), models.Value("1")),
                        condition=models.Q(kind__in=ONCE),
                        name="step_fires_once",
                    ),
                ),
            ],
        ),
    ]
