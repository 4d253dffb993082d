"""A criterion grants a level of its own version; of another it would be missing in the text."""

from django.db import migrations

FORWARD = """
ALTER TABLE definitions_level ADD CONSTRAINT level_with_its_version UNIQUE (id, version_id);
ALTER TABLE definitions_criterion ADD CONSTRAINT criterion_level_is_of_its_version
    FOREIGN KEY (level_id, version_id) REFERENCES definitions_level (id, version_id)
    DEFERRABLE INITIALLY DEFERRED;
"""

REVERSE = """
ALTER TABLE definitions_criterion DROP CONSTRAINT criterion_level_is_of_its_version;
ALTER TABLE definitions_level DROP CONSTRAINT level_with_its_version;
"""


class Migration(migrations.Migration):
    dependencies = [("definitions", "0007_version_sunset_needs_days")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
