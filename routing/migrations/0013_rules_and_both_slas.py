"""Routing rules as rows, recurring absences, ladders of clocks, and both SLAs."""

import definitions.vocabulary
import django.contrib.postgres.fields
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('definitions', '0012_sla_ladder'),
        ('leads', '0020_tier_and_product_line'),
        ('routing', '0012_review_task_clocks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AbsenceSeries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('weekdays', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), help_text='0 is Monday, 6 is Sunday.', size=None)),
                ('every_weeks', models.PositiveSmallIntegerField(default=1)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(blank=True, help_text='Last day; blank: no end.', null=True)),
                ('begins', models.TimeField(blank=True, help_text='Blank: the whole day.', null=True)),
                ('ends', models.TimeField(blank=True, null=True)),
                ('time_zone', models.CharField(help_text='IANA zone name.', max_length=64)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('planned_until', models.DateField(editable=False, help_text='Absences are written up to this day.', null=True)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name_plural': 'absence series',
            },
        ),
        migrations.CreateModel(
            name='BulkRejection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('batch_kind', models.CharField(choices=[('campaign', 'Campaign'), ('source', 'Source'), ('import_run', 'Import'), ('week', 'Week')], max_length=12)),
                ('batch_key', models.CharField(max_length=64)),
                ('batch_name', models.CharField(max_length=200)),
                ('handed_over_count', models.PositiveIntegerField()),
                ('missed_count', models.PositiveIntegerField()),
                ('limit_pct', models.DecimalField(decimal_places=2, max_digits=5)),
                ('comment', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'permissions': [('reject_batch', 'Can reject what a batch has below the floor')],
            },
        ),
        migrations.CreateModel(
            name='FloorCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('cause', models.CharField(choices=[('handover', 'Handed over'), ('correction', 'Facts were corrected'), ('rejection', 'A rejection named a criterion')], max_length=10)),
                ('missed', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None)),
                ('values', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='RoomMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('marked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='RoutingCondition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fact', models.SlugField(max_length=64)),
                ('parameters', models.JSONField(blank=True, default=dict)),
                ('operator', models.CharField(choices=[('at_least', 'At least'), ('at_most', 'At most'), ('between', 'Between'), ('is', 'Is'), ('is_not', 'Is not'), ('one_of', 'One of'), ('none_of', 'None of'), ('any_of', 'Any of'), ('known', 'Known'), ('unknown', 'Unknown')], max_length=10)),
                ('wanted', models.JSONField(blank=True, null=True)),
                ('position', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='RoutingPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('number', models.PositiveIntegerField(editable=False, unique=True)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('retired', 'Retired')], default='draft', editable=False, max_length=10)),
                ('note', models.TextField(blank=True, help_text='What is new and why.')),
                ('made_at', models.DateTimeField(editable=False)),
                ('published_at', models.DateTimeField(editable=False, null=True)),
                ('retired_at', models.DateTimeField(editable=False, null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'permissions': [('publish_routingplan', 'Can publish routing rules')],
            },
        ),
        migrations.CreateModel(
            name='RoutingPolicy',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('suspend_after_misses', models.PositiveSmallIntegerField(blank=True, help_text='First responses missed after which a rep leaves the rotation; blank: never.', null=True)),
                ('suspend_window_days', models.PositiveSmallIntegerField(default=14, help_text='Days in which so many misses count.')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name_plural': 'routing policy',
            },
        ),
        migrations.CreateModel(
            name='RoutingRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=120)),
                ('kind', models.CharField(choices=[('named_account', 'Named Account'), ('account_owner', 'Account Owner'), ('high_value', 'High value'), ('territory', 'Territory rotation'), ('fallback_queue', 'Fallback Queue')], max_length=20)),
                ('least_amount', models.DecimalField(blank=True, decimal_places=2, help_text='Expected annual contract value from which the rep receives the lead.', max_digits=14, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SlaAlert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('side', models.CharField(choices=[('marketing', 'Marketing'), ('sales', 'Sales')], max_length=10)),
                ('window_begins_at', models.DateTimeField()),
                ('window_ends_at', models.DateTimeField()),
                ('counted', models.PositiveIntegerField()),
                ('missed_count', models.PositiveIntegerField()),
                ('limit_pct', models.DecimalField(decimal_places=2, max_digits=5)),
                ('at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(blank=True, null=True)),
                ('comment', models.TextField(blank=True, help_text='What is done about it.')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'SLA alert',
                'permissions': [('acknowledge_slaalert', 'Can acknowledge a broken limit')],
            },
        ),
        migrations.CreateModel(
            name='Suspension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('began_at', models.DateTimeField()),
                ('missed_count', models.PositiveIntegerField(help_text='Promises missed in the days before.')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='routingdecision',
            name='decision_rule_known',
        ),
        migrations.RemoveConstraint(
            model_name='slaevent',
            name='sla_event_kind_known',
        ),
        migrations.RemoveConstraint(
            model_name='slatimer',
            name='timer_milestone_known',
        ),
        migrations.RemoveConstraint(
            model_name='slatimerstep',
            name='step_kind_known',
        ),
        migrations.AddField(
            model_name='absence',
            name='external_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.AddField(
            model_name='absence',
            name='moved_on_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='businesscalendar',
            name='changed_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddField(
            model_name='businesscalendar',
            name='recomputed_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddField(
            model_name='followup',
            name='cadence_step',
            field=models.PositiveSmallIntegerField(editable=False, help_text='Place in the promised cadence; empty: set apart.', null=True),
        ),
        migrations.AddField(
            model_name='handoff',
            name='campaign',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.campaign'),
        ),
        migrations.AddField(
            model_name='handoff',
            name='first_contact_at',
            field=models.DateTimeField(blank=True, help_text='When the lead was first reached.', null=True),
        ),
        migrations.AddField(
            model_name='handoff',
            name='import_run',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.importrun'),
        ),
        migrations.AddField(
            model_name='handoff',
            name='source',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='leads.source'),
        ),
        migrations.AddField(
            model_name='queue',
            name='assign_within',
            field=models.DurationField(blank=True, help_text='Business time in which a waiting lead is to get an owner; blank: the response clock alone says.', null=True),
        ),
        migrations.AddField(
            model_name='rejection',
            name='criterion_key',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='rejection',
            name='is_borne_out',
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name='rejectionreason',
            name='min_attempt_days',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text="Different days, in the calendar's zone, on which they were made."),
        ),
        migrations.AddField(
            model_name='rejectionreason',
            name='min_attempts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Attempts that it takes before.'),
        ),
        migrations.AddField(
            model_name='routingdecision',
            name='schema',
            field=models.PositiveSmallIntegerField(db_default=1, default=2),
        ),
        migrations.AddField(
            model_name='routingdecision',
            name='territory',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='routing.territory'),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='calendar',
            field=models.ForeignKey(blank=True, db_index=False, help_text='In whose hours it is counted; blank: around the clock.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='routing.businesscalendar'),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='pause_reason',
            field=models.CharField(blank=True, choices=[('lead_asked', 'The lead asked to be called later'), ('lead_away', 'The lead is away'), ('marketing_asked', 'Marketing is asked for a fact'), ('legal_check', 'Legal or compliance check'), ('system_down', 'Phone or mail system is down'), ('other', 'Other')], db_default='', default='', max_length=20),
        ),
        migrations.AddField(
            model_name='slatimer',
            name='paused_until',
            field=models.DateTimeField(blank=True, help_text='The pause ends by itself then.', null=True),
        ),
        migrations.AddField(
            model_name='slatimerstep',
            name='is_urgent',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='slatimerstep',
            name='level',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='territory',
            name='make_up_turns',
            field=models.PositiveSmallIntegerField(db_default=3, default=3, help_text='Turns that an absent member is owed at most; 0: what was missed is missed.'),
        ),
        migrations.AddField(
            model_name='territory',
            name='may_pull',
            field=models.BooleanField(db_default=False, default=False, help_text='Members with room may take leads from the queue themselves.'),
        ),
        migrations.AddField(
            model_name='territory',
            name='product_lines',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='territorymembership',
            name='capacity',
            field=models.PositiveSmallIntegerField(blank=True, help_text="Open leads of this territory at which the rep is skipped; blank: only the rep's own limit.", null=True),
        ),
        migrations.AddField(
            model_name='territorymembership',
            name='excess_count',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='territorymembership',
            name='open_count',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('assigned', 'Assigned'), ('queued', 'Queued'), ('warning', 'Warning'), ('breached', 'Breached'), ('escalated', 'Escalated'), ('reassigned_away', 'Reassigned Away'), ('accepted', 'Accepted'), ('rejected', 'Rejected'), ('expired', 'Expired'), ('invariant', 'A health check failed'), ('signature_wanted', 'A signature is wanted'), ('signature_refused', 'A signature was refused'), ('version_active', 'A definition took effect'), ('activation_failed', 'A definition could not take effect'), ('review_due', 'A definition is due for review'), ('review_overdue', 'A review is overdue'), ('question_asked', 'A question about a lead'), ('reminder', 'Reminder of a missed promise'), ('manager_told', 'A promise of the team was missed'), ('sla_alert', 'A signed limit is broken'), ('bulk_rejected', 'Leads of a batch were rejected together'), ('suspended', 'Taken out of rotation')], max_length=20),
        ),
        migrations.AlterField(
            model_name='routingdecision',
            name='rule',
            field=models.CharField(choices=[('named_account', 'Named Account'), ('account_owner', 'Account Owner'), ('high_value', 'High value'), ('territory', 'Territory rotation'), ('secondary', "Territory's secondary contact"), ('queue', "Territory's queue"), ('fallback_queue', 'Fallback Queue'), ('delegate', 'Stand-in of an absent rep'), ('person', 'Assigned by a person'), ('pulled', 'Taken from the queue by a rep')], max_length=20),
        ),
        migrations.AlterField(
            model_name='slaevent',
            name='kind',
            field=models.CharField(choices=[('started', 'Started'), ('shortened', 'Made due sooner by new high intent'), ('warned', 'Warned'), ('breached', 'Breached'), ('reminded', 'Owner reminded'), ('manager_told', 'Manager told'), ('escalated', 'Escalated'), ('reassigned', 'Reassigned'), ('recomputed', 'Counted anew after the calendar was edited'), ('paused', 'Paused'), ('resumed', 'Resumed'), ('met', 'Met'), ('cancelled', 'Cancelled'), ('answered_late', 'Answered Late'), ('reopened', 'Restored when an answer was taken back')], max_length=15),
        ),
        migrations.AlterField(
            model_name='slatimer',
            name='milestone',
            field=models.CharField(choices=[('first_response', 'First Response'), ('acceptance', 'Acceptance'), ('re_response', 'First response of a new owner'), ('second_attempt', 'Second attempt'), ('outcome', 'Opportunity or return'), ('assignment', 'Assignment from a queue'), ('answer', 'Answer to a question')], max_length=20),
        ),
        migrations.AlterField(
            model_name='slatimerstep',
            name='kind',
            field=models.CharField(choices=[('warn', 'Warn'), ('breach', 'Breach'), ('remind', 'Remind the owner'), ('manager', 'Tell the manager'), ('escalate', 'Escalate'), ('reassign', 'Reassign')], max_length=10),
        ),
        AddConstraintNotValid(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['assigned', 'queued', 'warning', 'breached', 'escalated', 'reassigned_away', 'accepted', 'rejected', 'expired', 'invariant', 'signature_wanted', 'signature_refused', 'version_active', 'activation_failed', 'review_due', 'review_overdue', 'question_asked', 'reminder', 'manager_told', 'sla_alert', 'bulk_rejected', 'suspended'])), name='notice_kind_known'),
        ),
        AddConstraintNotValid(
            model_name='slaevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['started', 'shortened', 'warned', 'breached', 'reminded', 'manager_told', 'escalated', 'reassigned', 'recomputed', 'paused', 'resumed', 'met', 'cancelled', 'answered_late', 'reopened'])), name='sla_event_kind_known'),
        ),
        AddConstraintNotValid(
            model_name='slatimer',
            constraint=models.CheckConstraint(condition=models.Q(('milestone__in', ['first_response', 'acceptance', 're_response', 'second_attempt', 'outcome', 'assignment', 'answer'])), name='timer_milestone_known'),
        ),
        AddConstraintNotValid(
            model_name='slatimer',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'paused'), models.Q(('pause_reason', ''), ('paused_until', None)), _connector='OR'), name='only_a_paused_timer_says_until_when'),
        ),
        AddConstraintNotValid(
            model_name='slatimer',
            constraint=models.CheckConstraint(condition=models.Q(('pause_reason__in', ('', 'lead_asked', 'lead_away', 'marketing_asked', 'legal_check', 'system_down', 'other'))), name='timer_pause_reason_known'),
        ),
        AddConstraintNotValid(
            model_name='slatimerstep',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['warn', 'breach', 'remind', 'manager', 'escalate', 'reassign'])), name='step_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='territorymembership',
            constraint=models.CheckConstraint(condition=models.Q(('capacity', None), ('open_count__lte', models.F('capacity')), _connector='OR'), name='membership_within_capacity'),
        ),
        migrations.AddField(
            model_name='absenceseries',
            name='delegate',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='routing.rep'),
        ),
        migrations.AddField(
            model_name='absenceseries',
            name='entered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='absenceseries',
            name='rep',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absence_series', to='routing.rep'),
        ),
        migrations.AddField(
            model_name='absence',
            name='series',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='routing.absenceseries'),
        ),
        migrations.AddConstraint(
            model_name='absence',
            constraint=models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('rep', 'external_id'), name='one_absence_per_external_id'),
        ),
        migrations.AddField(
            model_name='bulkrejection',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='bulkrejection',
            name='definition',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bulk_rejections', to='definitions.definition'),
        ),
        migrations.AddField(
            model_name='bulkrejection',
            name='reason',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='routing.rejectionreason'),
        ),
        migrations.AddField(
            model_name='rejection',
            name='bulk',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rejections', to='routing.bulkrejection'),
        ),
        AddConstraintNotValid(
            model_name='rejection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('criterion_key', ''), ('is_borne_out', None)), models.Q(models.Q(('criterion_key', ''), _negated=True), ('is_borne_out__isnull', False)), _connector='OR'), name='named_criterion_was_checked'),
        ),
        migrations.AddField(
            model_name='floorcheck',
            name='handoff',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='floor_checks', to='routing.handoff'),
        ),
        migrations.AddField(
            model_name='routingplan',
            name='made_by',
            field=models.ForeignKey(editable=False, help_text='Empty: it shipped with the product.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='routingplan',
            name='published_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='routingdecision',
            name='plan',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='routing.routingplan'),
        ),
        AddConstraintNotValid(
            model_name='routingdecision',
            constraint=models.CheckConstraint(condition=models.Q(('rule__in', ['named_account', 'account_owner', 'high_value', 'territory', 'secondary', 'queue', 'fallback_queue', 'delegate', 'person', 'pulled'])), name='decision_rule_known'),
        ),
        migrations.AddConstraint(
            model_name='routingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='one_routing_policy'),
        ),
        migrations.AddConstraint(
            model_name='routingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('suspend_after_misses', None), ('suspend_after_misses__gt', 0), _connector='OR'), name='suspension_takes_a_miss'),
        ),
        migrations.AddConstraint(
            model_name='routingpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('suspend_window_days__range', (1, 365))), name='suspension_window_is_days'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='routing.routingplan'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='queue',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='routing_rules', to='routing.queue'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='rep',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='routing_rules', to='routing.rep'),
        ),
        migrations.AddField(
            model_name='routingrule',
            name='territory',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='routing_rules', to='routing.territory'),
        ),
        migrations.AddField(
            model_name='routingcondition',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conditions', to='routing.routingrule'),
        ),
        migrations.AddField(
            model_name='slaalert',
            name='acknowledged_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='slaalert',
            name='definition',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='definitions.definition'),
        ),
        migrations.AddField(
            model_name='slaalert',
            name='told',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suspension',
            name='ended_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='suspension',
            name='rep',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suspensions', to='routing.rep'),
        ),
        migrations.AddConstraint(
            model_name='absenceseries',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__len__gt', 0), ('weekdays__contained_by', [0, 1, 2, 3, 4, 5, 6])), name='series_is_on_weekdays'),
        ),
        migrations.AddConstraint(
            model_name='absenceseries',
            constraint=models.CheckConstraint(condition=models.Q(('every_weeks__range', (1, 52))), name='series_comes_again'),
        ),
        migrations.AddConstraint(
            model_name='absenceseries',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='series_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='absenceseries',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('begins', None), ('ends', None)), models.Q(('begins__isnull', False), ('ends__gt', models.F('begins'))), _connector='OR'), name='series_has_both_times_or_none'),
        ),
        migrations.AddConstraint(
            model_name='absenceseries',
            constraint=models.CheckConstraint(condition=models.Q(('delegate', None), models.Q(('delegate', models.F('rep')), _negated=True), _connector='OR'), name='series_delegate_is_somebody_else'),
        ),
        migrations.AddConstraint(
            model_name='bulkrejection',
            constraint=models.CheckConstraint(condition=models.Q(('batch_kind__in', ['campaign', 'source', 'import_run', 'week'])), name='bulk_rejection_batch_known'),
        ),
        migrations.AddConstraint(
            model_name='bulkrejection',
            constraint=models.CheckConstraint(condition=models.Q(('comment__regex', '\\S')), name='bulk_rejection_has_a_comment'),
        ),
        migrations.AddConstraint(
            model_name='bulkrejection',
            constraint=models.CheckConstraint(condition=models.Q(('handed_over_count__gte', 20), ('missed_count__gt', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('limit_pct'), '*', models.F('handed_over_count')), '/', models.Value(100))), ('missed_count__lte', models.F('handed_over_count'))), name='bulk_rejection_above_the_limit'),
        ),
        migrations.AddIndex(
            model_name='floorcheck',
            index=models.Index(fields=['handoff', 'at'], name='floor_check_by_handoff'),
        ),
        migrations.AddConstraint(
            model_name='floorcheck',
            constraint=models.CheckConstraint(condition=models.Q(('cause__in', ['handover', 'correction', 'rejection'])), name='floor_cause_known'),
        ),
        migrations.AddConstraint(
            model_name='routingplan',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('draft', 'published'))), fields=('state',), name='one_draft_and_one_published_plan'),
        ),
        migrations.AddConstraint(
            model_name='routingplan',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'published', 'retired'])), name='plan_state_known'),
        ),
        migrations.AddConstraint(
            model_name='routingplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('published_at', None), ('retired_at', None), ('state', 'draft')), models.Q(('published_at__isnull', False), ('retired_at', None), ('state', 'published')), models.Q(('published_at__isnull', False), ('retired_at__isnull', False), ('state', 'retired')), _connector='OR'), name='plan_says_when_it_was_in_force'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('plan', 'position'), name='one_rule_per_position'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('named_account', 'account_owner', 'high_value', 'territory', 'fallback_queue'))), name='rule_kind_is_planned'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'high_value'), ('least_amount__gt', 0), ('queue', None), ('rep__isnull', False), ('territory', None)), models.Q(('kind', 'territory'), ('least_amount', None), ('queue', None), ('rep', None)), models.Q(('kind', 'fallback_queue'), ('least_amount', None), ('rep', None), ('territory', None)), models.Q(('kind__in', ('named_account', 'account_owner')), ('least_amount', None), ('queue', None), ('rep', None), ('territory', None)), _connector='OR'), name='rule_names_what_its_kind_needs'),
        ),
        migrations.AddConstraint(
            model_name='routingrule',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '\\S')), name='rule_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='routingcondition',
            constraint=models.CheckConstraint(condition=models.Q(('operator__in', [definitions.vocabulary.Operator['AT_LEAST'], definitions.vocabulary.Operator['AT_MOST'], definitions.vocabulary.Operator['BETWEEN'], definitions.vocabulary.Operator['IS'], definitions.vocabulary.Operator['IS_NOT'], definitions.vocabulary.Operator['ONE_OF'], definitions.vocabulary.Operator['NONE_OF'], definitions.vocabulary.Operator['ANY_OF'], definitions.vocabulary.Operator['KNOWN'], definitions.vocabulary.Operator['UNKNOWN']])), name='routing_operator_known'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.UniqueConstraint(models.F('definition'), models.F('side'), models.F('window_begins_at'), name='one_alert_per_window'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.UniqueConstraint(condition=models.Q(('acknowledged_at', None)), fields=('definition', 'side'), name='one_alert_to_acknowledge'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['marketing', 'sales'])), name='alert_side_known'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.CheckConstraint(condition=models.Q(('window_ends_at__gt', models.F('window_begins_at'))), name='alert_window_takes_time'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.CheckConstraint(condition=models.Q(('missed_count__lte', models.F('counted'))), name='alert_missed_of_counted'),
        ),
        migrations.AddConstraint(
            model_name='slaalert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at', None), ('acknowledged_by', None)), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False)), _connector='OR'), name='alert_acknowledged_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('rep',), name='one_running_suspension_per_rep'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__gte', models.F('began_at')), ('ended_by__isnull', False)), _connector='OR'), name='suspension_is_ended_by_somebody'),
        ),
    ]
