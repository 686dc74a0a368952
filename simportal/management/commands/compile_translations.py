from django.core.management.base import BaseCommand

from simportal.translations import compile_stale


class Command(BaseCommand):
    help = "Compiles the translations if they changed."
    requires_system_checks = []

    def handle(self, **options):
        if compile_stale():
            self.stdout.write("Translations compiled.")
