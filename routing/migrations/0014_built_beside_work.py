"""What is checked and indexed of large tables, built while people work."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

STEP_INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY one_step_per_level
    ON routing_slatimerstep (timer_id, kind, level)
"""
FORMER_STEP_INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY one_step_per_kind ON routing_slatimerstep (timer_id, kind)
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0013_rules_and_both_slas")]

    operations = [
        ValidateConstraint(model_name='notice', name='notice_kind_known'),
        ValidateConstraint(model_name='slaevent', name='sla_event_kind_known'),
        ValidateConstraint(model_name='slatimer', name='timer_milestone_known'),
        ValidateConstraint(model_name='slatimer', name='only_a_paused_timer_says_until_when'),
        ValidateConstraint(model_name='slatimer', name='timer_pause_reason_known'),
        ValidateConstraint(model_name='slatimerstep', name='step_kind_known'),
        ValidateConstraint(model_name='rejection', name='named_criterion_was_checked'),
        ValidateConstraint(model_name='routingdecision', name='decision_rule_known'),
        AddIndexConcurrently(
            model_name='handoff',
            index=models.Index(condition=models.Q(('campaign__isnull', False)), fields=['campaign', 'opened_at'], name='handoff_by_campaign'),
        ),
        AddIndexConcurrently(
            model_name='handoff',
            index=models.Index(condition=models.Q(('source__isnull', False)), fields=['source', 'opened_at'], name='handoff_by_source'),
        ),
        AddIndexConcurrently(
            model_name='handoff',
            index=models.Index(condition=models.Q(('import_run__isnull', False)), fields=['import_run', 'opened_at'], name='handoff_by_import'),
        ),
        AddIndexConcurrently(
            model_name='slatimer',
            index=models.Index(condition=models.Q(('paused_until__isnull', False)), fields=['paused_until'], name='timer_pause_ends'),
        ),
        AddIndexConcurrently(
            model_name='slatimer',
            index=models.Index(condition=models.Q(('state__in', ('running', 'paused'))), fields=['calendar'], name='timer_active_by_calendar'),
        ),
        AddIndexConcurrently(
            model_name='slatimerstep',
            index=models.Index(condition=models.Q(('is_urgent', True), ('state', 'armed')), fields=['due_at'], name='step_urgent_due'),
        ),
        AddIndexConcurrently(
            model_name='routingdecision',
            index=models.Index(fields=['territory', 'at'], name='decision_by_territory'),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(STEP_INDEX, "DROP INDEX CONCURRENTLY one_step_per_level"),
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY one_step_per_kind", FORMER_STEP_INDEX
                ),
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="slatimerstep", name="one_step_per_kind"),
                migrations.AddConstraint(
                    model_name="slatimerstep",
                    constraint=models.UniqueConstraint(
                        models.F("timer"),
                        models.F("kind"),
                        models.F("level"),
                        name="one_step_per_level",
                    ),
                ),
            ],
        ),
    ]
