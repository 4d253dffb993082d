"""Accounts are found by the core of their name, leads of an account by name, lists in any order.

Built beside running work.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Lower


def core() -> models.Func:
    return models.Func("name", function="company_core")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0012_resource_stamps")]
    operations = [
        AddIndexConcurrently("account", models.Index(core(), name="account_by_core")),
        AddIndexConcurrently(
            "account", GinIndex(OpClass(core(), name="gin_trgm_ops"), name="account_core_trigram")
        ),
        AddIndexConcurrently(
            "lead",
            models.Index(
                "account", Lower("last_name"), Lower("first_name"), name="lead_by_account_and_name"
            ),
        ),
        RemoveIndexConcurrently("lead", "lead_by_account"),
        AddIndexConcurrently(
            "touchpoint", models.Index(fields=["occurred_at", "id"], name="touchpoint_by_time")
        ),
        *(
            AddIndexConcurrently("opportunity", models.Index(fields=[field, "id"], name=name))
            for field, name in (
                ("name", "opportunity_by_name"),
                ("stage", "opportunity_by_stage"),
                ("amount", "opportunity_by_amount"),
                ("opened_at", "opportunity_by_opening"),
                ("closed_at", "opportunity_by_closing"),
            )
        ),
    ]
