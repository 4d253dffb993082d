"""Transitions, evaluations, answers and changes of attributes are kept as they are."""

from django.db import migrations

HISTORIES = (
    ("leads_stagetransition", "transition_is_append_only"),
    ("leads_evaluation", "evaluation_is_append_only"),
    ("leads_assertion", "assertion_is_append_only"),
    ("leads_attributechange", "attribute_change_is_append_only"),
)
FORWARD = "\n".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change();"
    for table, name in HISTORIES
)
REVERSE = "\n".join(f"DROP TRIGGER {name} ON {table};" for table, name in HISTORIES)


class Migration(migrations.Migration):
    dependencies = [("definitions", "0003_refuse_change"), ("leads", "0003_cool_off")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
