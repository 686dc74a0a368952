from django.core.management.base import BaseCommand

from simportal.translations import compile_stale, english, merge


class Command(BaseCommand):
    help = "Brings the Chinese catalogue in step with code and templates and lists what it lacks."
    requires_system_checks = []

    def handle(self, **options):
        for message in merge():
            self.stdout.write(f"{message.locations[0][0]}: {english(message)}")
        compile_stale()
