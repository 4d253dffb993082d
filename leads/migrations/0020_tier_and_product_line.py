"""How much a company matters, and what a lead asked for. Nothing is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0019_motion")]
    operations = [
        migrations.AddField(
            "account",
            "tier",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="How much the company matters, in your own words: “A”, “B”, “strategic”.",
                max_length=32,
            ),
        ),
        migrations.AddField(
            "lead",
            "product_line",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What the lead asked for, for example “payroll”.",
                max_length=64,
            ),
        ),
    ]
