from django.core.management.base import BaseCommand

from simportal.roles import sync_roles


class Command(BaseCommand):
    help = (
        "Makes the groups of the staff's roles and gives each exactly its permissions. Changes nothing when done twice."
    )

    def handle(self, **options):
        sync_roles()
        self.stdout.write("The roles are as they should be.")
