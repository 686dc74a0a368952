"""What money brings to the log: changes of prices and of what was agreed with customers."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.choices import Deed
from billing.models import TermsRecord
from billing.pages.terms_lines import changes_seen, terms_line
from cards.audit_log import Source
from cards.choices import ActorKind
from cards.pages.frames import CONSOLE
from cards.pages.log_lines import LogLine, Mention, customer_mention
from cards.phrases import pair

# The billing settings are changed in the admin, which writes into the audit list itself.
TOLD = {Deed.PRICE: gettext_lazy("Price changed"), Deed.TERMS: gettext_lazy("Agreed terms changed")}


class TermsChanges(Source):
    """Prices and agreements: who wanted the change, and who approved it."""

    name, title, model = "terms", gettext_lazy("Prices and terms"), TermsRecord
    actions = [(str(deed), label) for deed, label in TOLD.items()]
    asks = "billing.view_termsrecord"

    def rows(self, asked):
        if asked.rule or asked.job or asked.about or asked.kind not in ("", ActorKind.STAFF):
            return None
        if asked.action and asked.action not in TOLD:
            return None
        changes = changes_seen().filter(deed__in=[asked.action] if asked.action else list(TOLD))
        if asked.person:
            changes = changes.filter(Q(by__username=asked.person) | Q(approved_by__username=asked.person))
        if asked.role:
            changes = changes.filter(Q(by__in=asked.people()) | Q(approved_by__in=asked.people()))
        return changes.filter(customer=asked.customer) if asked.customer else changes

    def lines(self, runs, asked):
        return [self._line(terms_line(change)) for run in runs for change in run.rows]

    def _line(self, line):
        change = line.change
        approved = [pair(_("Approved by"), change.approved_by)] if change.approved_by else []
        return LogLine(
            at=change.at,
            action=str(TOLD[change.deed]),
            by=change.by.get_username(),
            person=change.by.get_username(),
            about=[Mention(line.about, f"{CONSOLE.money_url('terms')}?after={change.pk + 1}")],
            customer=change.customer and customer_mention(change.customer_id, change.customer.name),
            details=[line.sentence, *approved],
        )
