"""Which object does the work of which kind of job."""

from cards.actions.jobs.bulk import BulkAction
from cards.actions.jobs.cards_import import CardImport
from cards.actions.jobs.export import Export
from cards.actions.jobs.merge import Merging
from cards.actions.jobs.undo import Undo
from cards.actions.jobs.usage_import import UsageImport
from cards.choices import JobKind

KINDS = {
    JobKind.ACTION: BulkAction(),
    JobKind.UNDO: Undo(),
    JobKind.IMPORT_CARDS: CardImport(),
    JobKind.IMPORT_USAGE: UsageImport(),
    JobKind.EXPORT: Export(),
    JobKind.MERGE: Merging(),
}
