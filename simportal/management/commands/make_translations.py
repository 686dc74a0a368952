from django.core.management.base import BaseCommand

from simportal.translations import compile_stale, merge


class Command(BaseCommand):
    help = "Brings the Chinese catalogue in step with code and templates and lists what it lacks."
    requires_system_checks = []

    def handle(self, **options):
        for entry in merge():
            self.stdout.write(f"{entry.occurrences[0][0]}: {entry.msgid}")
        compile_stale()
