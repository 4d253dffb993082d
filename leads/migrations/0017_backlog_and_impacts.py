"""Marks that wait behind fresh facts, and previews of what a version would change."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('definitions', '0009_resource_stamps'),
        ('leads', '0016_target_accounts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Impact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('content', models.TextField()),
                ('content_hash', models.CharField(max_length=64)),
                ('asked_at', models.DateTimeField()),
                ('at', models.DateTimeField(help_text='The instant of activation that is imagined.')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], db_default='waiting', default='waiting', max_length=10)),
                ('total_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('judged_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('last_lead_id', models.BigIntegerField(db_default=0, default=0, editable=False)),
                ('stages_before', models.JSONField(default=dict)),
                ('stages_after', models.JSONField(default=dict)),
                ('with_sales_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('with_sales_short_count', models.PositiveIntegerField(db_default=0, default=0)),
                ('problem', models.TextField(blank=True, help_text='Why it failed.')),
                ('finished_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ImpactLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('change', models.CharField(choices=[('up', 'Moves up'), ('handed_over', 'Is handed over at its stage'), ('no_longer', 'No longer meets its stage'), ('meets_again', 'Meets its stage again')], max_length=12)),
                ('stage_before', models.CharField(choices=[('new', 'New'), ('iql', 'IQL'), ('mql', 'MQL'), ('pql', 'PQL'), ('sql', 'SQL'), ('sal', 'SAL'), ('opportunity', 'Opportunity'), ('won', 'Won'), ('lost', 'Lost'), ('recycled', 'Recycled'), ('disqualified', 'Disqualified')], max_length=15)),
                ('stage_after', models.CharField(choices=[('new', 'New'), ('iql', 'IQL'), ('mql', 'MQL'), ('pql', 'PQL'), ('sql', 'SQL'), ('sal', 'SAL'), ('opportunity', 'Opportunity'), ('won', 'Won'), ('lost', 'Lost'), ('recycled', 'Recycled'), ('disqualified', 'Disqualified')], max_length=15)),
                ('path', models.CharField(blank=True, choices=[('standard', 'Standard'), ('direct', 'Direct'), ('account_based', 'Account based'), ('product_led', 'Product led')], max_length=15)),
                ('is_handoff', models.BooleanField()),
            ],
        ),
        migrations.AddField(
            model_name='pendingmark',
            name='is_backlog',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name='pendingmark',
            index=models.Index(fields=['is_backlog', 'id'], name='mark_in_order_of_claims'),
        ),
        migrations.AddField(
            model_name='impact',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='impact',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='impacts', to='definitions.definitionversion'),
        ),
        migrations.AddField(
            model_name='impactline',
            name='impact',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='leads.impact'),
        ),
        migrations.AddField(
            model_name='impactline',
            name='lead',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='leads.lead'),
        ),
        migrations.AddField(
            model_name='impactline',
            name='version_after',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='definitions.definitionversion'),
        ),
        migrations.AddField(
            model_name='impactline',
            name='version_before',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='definitions.definitionversion'),
        ),
        migrations.AddConstraint(
            model_name='impact',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('waiting', 'running'))), fields=('version',), name='one_impact_at_work_per_version'),
        ),
        migrations.AddConstraint(
            model_name='impact',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed'])), name='impact_state_known'),
        ),
        migrations.AddConstraint(
            model_name='impact',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('done', 'failed'))), models.Q(models.Q(('state__in', ('done', 'failed')), _negated=True), ('finished_at', None)), _connector='OR'), name='impact_finished_iff_over'),
        ),
        migrations.AddConstraint(
            model_name='impact',
            constraint=models.CheckConstraint(condition=models.Q(('judged_count__lte', models.F('total_count'))), name='impact_judges_no_more_than_there_are'),
        ),
        migrations.AddConstraint(
            model_name='impact',
            constraint=models.CheckConstraint(condition=models.Q(('with_sales_short_count__lte', models.F('with_sales_count'))), name='impact_short_are_with_sales'),
        ),
        migrations.AddConstraint(
            model_name='impactline',
            constraint=models.UniqueConstraint(models.F('impact'), models.F('lead'), name='one_line_per_lead_and_impact'),
        ),
        migrations.AddConstraint(
            model_name='impactline',
            constraint=models.CheckConstraint(condition=models.Q(('change__in', ['up', 'handed_over', 'no_longer', 'meets_again'])), name='impact_change_known'),
        ),
        migrations.AddConstraint(
            model_name='impactline',
            constraint=models.CheckConstraint(condition=models.Q(('stage_after__in', ['new', 'iql', 'mql', 'pql', 'sql', 'sal', 'opportunity', 'won', 'lost', 'recycled', 'disqualified']), ('stage_before__in', ['new', 'iql', 'mql', 'pql', 'sql', 'sal', 'opportunity', 'won', 'lost', 'recycled', 'disqualified'])), name='impact_stages_known'),
        ),
        migrations.AddConstraint(
            model_name='impactline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('change', 'up'), models.Q(('stage_before', models.F('stage_after')), _negated=True)), models.Q(models.Q(('change', 'up'), _negated=True), ('stage_before', models.F('stage_after'))), _connector='OR'), name='impact_moves_iff_up'),
        ),
    ]
