"""Print the demo's published logins."""

from django.core.management.base import BaseCommand

from crm_handoff.people.demo import DEMO_LOGINS, demo_users_exist


class Command(BaseCommand):
    """Tell whoever starts a demo how to get in."""

    help = "Print the demo's logins, one a role; nothing when none of them works."

    def handle(self, *args: object, **options: object) -> None:
        if not demo_users_exist():
            return
        for login in DEMO_LOGINS:
            self.stdout.write(f"{login.role:<16} {login.email:<30} {login.password}")
