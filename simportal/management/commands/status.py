from django.utils.translation import gettext as _

from cards.management.base import PortalCommand
from cards.phrases import listed, pair
from simportal.health import state


class Command(PortalCommand):
    help = "Says whether all is well, as /readyz?full does. What to do about an alarm: docs/operations.md, section 11."

    def carry_out(self, json, **options):
        """Exit code 1 while anything rings."""
        told = state(is_full=True)
        is_well = told.pop("ready")
        if json:
            self.give({"ready": is_well} | told)
        else:
            self.print_report(told)
        return not is_well

    def print_report(self, parts):
        for name, part in parts.items():
            word, style = (_("ok"), str) if part["ok"] else (_("ALARM"), self.style.ERROR)
            facts = listed(pair(fact, value) for fact, value in part.items() if fact != "ok")
            self.stdout.write(f"{word}\t{name}\t{facts}", style)
