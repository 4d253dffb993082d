"""Keep the two instants of which the earlier is due, so that a pause can move each its own way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0005_histories")]

    operations = [
        migrations.AddField(
            model_name="slatimer",
            name="promised_at",
            field=models.DateTimeField(
                help_text="When the promised time is used up.", null=True
            ),
        ),
        migrations.AddField(
            model_name="slatimer",
            name="backstop_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Wall-clock limit; the earlier of the two is due.",
                null=True,
            ),
        ),
        migrations.RunSQL(
            "UPDATE routing_slatimer SET promised_at = due_at", migrations.RunSQL.noop
        ),
        migrations.AlterField(
            model_name="slatimer",
            name="promised_at",
            field=models.DateTimeField(help_text="When the promised time is used up."),
        ),
    ]
