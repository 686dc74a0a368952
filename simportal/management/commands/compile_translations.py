"""Compiles every `.po` of the portal to the `.mo` that Django reads, without gettext."""

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


def compile_stale():
    """Compiles the catalogues that changed since they were last compiled, and returns their paths."""
    stale = [po for po in catalogues() if _is_stale(po)]
    for path in stale:
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
    return stale


def catalogues():
    return [po for root in settings.LOCALE_PATHS for po in sorted(root.glob("*/LC_MESSAGES/*.po"))]


def _is_stale(po):
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


class Command(BaseCommand):
    help = "Compiles the translations that changed."
    requires_system_checks = []

    def handle(self, **options):
        for path in compile_stale():
            self.stdout.write(f"Compiled {path.relative_to(settings.BASE_DIR)}.")
