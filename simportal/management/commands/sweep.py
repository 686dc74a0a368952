from django.utils.translation import gettext as _

from cards.actions import sweep
from cards.calendar import civil_today
from cards.choices import Rule
from cards.errors import BadInput
from cards.management.base import PortalCommand, civil_day
from cards.phrases import noted, pair
from simportal import days


class Command(PortalCommand):
    help = "Carries the civil days on, in order, up to today: the lifecycle rules, then renewals and notices of each."

    def add_arguments(self, parser):
        parser.add_argument("--through", metavar="DAY", type=civil_day, help="the last day to sweep (default: today)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and write nothing")

    def carry_out(self, through, dry_run, json, **options):
        report = sweep.dry_run(through or civil_today()) if dry_run else self.swept(through, quiet=json)
        if json:
            self.give(as_document(report))
        else:
            self.print_report(report, dry_run)
        return bool(report.parked)

    def swept(self, through, quiet):
        through = through or civil_today()
        if through > civil_today():
            raise BadInput(
                "", _("{day} is in the future: only a dry run (--dry-run) can look ahead.").format(day=through)
            )
        with self.progress(unit=" cards", quiet=quiet) as bar:

            def progress(day, count):
                bar.set_description(str(day))
                bar.update(count)

            return days.carry_through(through, progress)

    def print_report(self, report, dry_run):
        self.stdout.write(_("Days: {days}").format(days=_span(report.days)))
        for rule, count in sorted(report.counts.items()):
            label = noted(Rule(rule).label, rule) if rule in Rule.values else rule
            self.stdout.write(pair(label, count))
        for iccid, why in report.parked:
            self.say(_("{iccid} is parked: {why}").format(iccid=iccid, why=why))
        if dry_run:
            self.note(_("Dry run: nothing was written."))
            self.note(_("Only the sweep was rehearsed, without the renewals and notices of these days."))


def as_document(report):
    """The report as `interfaces.md` has it."""
    return {
        "days": report.days,
        "changes": [
            {
                "iccid": iccid,
                "on": done.change.on,
                "action": done.change.action,
                "rule": done.change.rule,
                "from": done.from_state,
                "to": done.to_state,
            }
            for iccid, done in report.changes
        ],
        "counts": report.counts,
        "parked": [{"iccid": iccid, "why": why} for iccid, why in report.parked],
    }


def _span(days):
    if len(days) < 2:
        return str(days[0]) if days else _("none")
    return _("{count}, from {first} through {last}").format(count=len(days), first=days[0], last=days[-1])
