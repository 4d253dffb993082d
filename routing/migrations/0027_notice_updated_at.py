"""A notice says when it last changed: told, delivered, read or marked unread.

The default is one instant for all rows of old, which leaves the table as it is.
"""

from django.db import migrations, models
from django.db.models.functions import Now

STAMPED = """
CREATE TRIGGER notice_updated_at BEFORE UPDATE ON routing_notice
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
"""
UNSTAMPED = "DROP TRIGGER notice_updated_at ON routing_notice"


class Migration(migrations.Migration):
    dependencies = [("routing", "0026_step_fires_once")]
    operations = [
        migrations.AddField(
            "notice", "updated_at", models.DateTimeField(db_default=Now(), editable=False)
        ),
        migrations.RunSQL(STAMPED, UNSTAMPED),
    ]
