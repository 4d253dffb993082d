"""Imports say when their rows last changed. The default is one instant: nothing is rewritten."""

from django.db import migrations, models
from django.db.models.functions import Now

FORWARD = """
CREATE TRIGGER importrun_updated_at BEFORE UPDATE ON leads_importrun
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
"""
REVERSE = "DROP TRIGGER importrun_updated_at ON leads_importrun"


class Migration(migrations.Migration):
    dependencies = [
        ("definitions", "0009_resource_stamps"),
        ("leads", "0020_tier_and_product_line"),
    ]
    operations = [
        migrations.AddField(
            "importrun", "updated_at", models.DateTimeField(db_default=Now(), editable=False)
        ),
        migrations.RunSQL(FORWARD, REVERSE),
    ]
