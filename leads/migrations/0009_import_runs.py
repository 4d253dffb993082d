"""Imports have states, staged rows and a ledger."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

OVER = """
UPDATE leads_importrun SET received_at = started_at,
    state = CASE WHEN finished_at IS NULL THEN 'failed' ELSE 'done' END,
    problem = CASE WHEN finished_at IS NULL THEN 'It was stopped: import the file again.' ELSE '' END
"""
# Runs of before were saved by a command, from its file, in one go.


class Migration(migrations.Migration):

    dependencies = [
        ("leads", "0008_import_mappings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slice', models.PositiveIntegerField()),
                ('leads', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('identities', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('touchpoints', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('accounts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('opportunities', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('campaigns', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('people', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('changes', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('transitions', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('updates', models.JSONField(default=list)),
            ],
            options={
                'verbose_name_plural': 'import batches',
            },
        ),
        migrations.CreateModel(
            name='ImportChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveIntegerField(help_text='From 0.')),
                ('data', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField()),
                ('slice', models.PositiveIntegerField(null=True)),
                ('state', models.CharField(choices=[('ready', 'To be saved'), ('created', 'Created'), ('updated', 'Updated'), ('merged', 'Found by e-mail under another name'), ('unchanged', 'Unchanged'), ('duplicate', 'Said before in the file'), ('refused', 'Refused')], max_length=10)),
                ('values', models.JSONField()),
                ('repair', models.TextField(db_default='', default='')),
                ('problems', models.JSONField(null=True)),
                ('changes', models.JSONField(null=True)),
                ('named', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('keys', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('said', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ('touchpoints', models.JSONField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='importrun',
            name='import_mode_known',
        ),
        migrations.AddField(
            model_name='importrun',
            name='cancel_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='check_report',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='importrun',
            name='content',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='done_count',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='importrun',
            name='file_size',
            field=models.BigIntegerField(db_default=0, default=0, help_text='In bytes.'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='header',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='importrun',
            name='layout',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='importrun',
            name='next_slice',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='importrun',
            name='notes',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='importrun',
            name='problem',
            field=models.TextField(blank=True, help_text='Why it failed.'),
        ),
        migrations.AddField(
            model_name='importrun',
            name='public_id',
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='received_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='row_count',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='sample',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='importrun',
            name='state',
            field=models.CharField(choices=[('uploaded', 'To be described'), ('checking', 'Checking'), ('checked', 'Checked'), ('importing', 'Importing'), ('done', 'Done'), ('canceled', 'Canceled'), ('failed', 'Failed'), ('undoing', 'Being undone'), ('undone', 'Undone')], db_default='uploaded', default='uploaded', max_length=10),
        ),
        migrations.AddField(
            model_name='importrun',
            name='undo_report',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='importrun',
            name='undone_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='importrun',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='importrun',
            name='file_hash',
            field=models.CharField(help_text='SHA-256.', max_length=64),
        ),
        migrations.AlterField(
            model_name='importrun',
            name='mapping',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='importrun',
            name='mode',
            field=models.CharField(blank=True, choices=[('history', 'History: no handoffs, clocks or messages'), ('live', 'Live')], max_length=10),
        ),
        migrations.RunSQL(OVER, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='importrun',
            index=models.Index(condition=models.Q(('state__in', ('checking', 'importing', 'undoing'))), fields=['id'], name='import_at_work'),
        ),
        migrations.AddConstraint(
            model_name='importrun',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ('', 'history', 'live'))), name='import_mode_known'),
        ),
        migrations.AddConstraint(
            model_name='importrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['uploaded', 'checking', 'checked', 'importing', 'done', 'canceled', 'failed', 'undoing', 'undone'])), name='import_state_known'),
        ),
        migrations.AddConstraint(
            model_name='importrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('uploaded', 'canceled', 'failed')), models.Q(('mode', ''), _negated=True), _connector='OR'), name='import_mode_chosen'),
        ),
        migrations.AddConstraint(
            model_name='importrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('checking', 'checked', 'importing', 'undoing')), _negated=True), models.Q(('content__isnull', False), ('received_at__isnull', False)), _connector='OR'), name='import_described'),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='batches', to='leads.importrun'),
        ),
        migrations.AddField(
            model_name='importchunk',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='leads.importrun'),
        ),
        migrations.AddField(
            model_name='importrow',
            name='run',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='leads.importrun'),
        ),
        migrations.AddConstraint(
            model_name='importbatch',
            constraint=models.UniqueConstraint(models.F('run'), models.F('slice'), name='one_batch_per_slice'),
        ),
        migrations.AddConstraint(
            model_name='importchunk',
            constraint=models.UniqueConstraint(models.F('run'), models.F('place'), name='one_chunk_per_place'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('slice__isnull', False)), fields=['run', 'slice'], name='import_row_by_slice'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('state', 'ready'), _negated=True), fields=['run', 'state', 'line'], name='import_row_by_state'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['ready', 'created', 'updated', 'merged', 'unchanged', 'duplicate', 'refused'])), name='import_row_state_known'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), ('problems__isnull', False), _connector='OR'), name='import_row_refused_with_reason'),
        ),
    ]
