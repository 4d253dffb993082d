"""Accounts, deals and what marketing makes say when their rows last changed, whoever did it.

The default is one instant for all rows, so no table is written anew; the indexes of the two
large ones are built beside running work.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Now

TABLES = ("account", "opportunity", "source", "campaign", "persona", "asset")

FORWARD = [
    f"""
    CREATE TRIGGER {table}_updated_at BEFORE UPDATE ON leads_{table}
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
    """
    for table in TABLES
]
REVERSE = [f"DROP TRIGGER {table}_updated_at ON leads_{table}" for table in TABLES]
INDEXES = {
    "account": [("account_by_name", "name"), ("account_by_update", "updated_at")],
    "opportunity": [("opportunity_by_update", "updated_at")],
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("definitions", "0009_resource_stamps"), ("leads", "0011_matching")]
    operations = [
        *(
            migrations.AddField(
                table, "updated_at", models.DateTimeField(db_default=Now(), editable=False)
            )
            for table in TABLES
        ),
        migrations.RunSQL(FORWARD, REVERSE),
        *(
            AddIndexConcurrently(table, models.Index(fields=[field, "id"], name=name))
            for table, indexes in INDEXES.items()
            for name, field in indexes
        ),
        AddIndexConcurrently(
            "account",
            GinIndex(fields=["domain"], name="account_domain_trigram", opclasses=["gin_trgm_ops"]),
        ),
    ]
