"""Which object does the work of which kind of job."""

from cards.actions.jobs.bulk import BulkAction
from cards.actions.jobs.export import Export
from cards.actions.jobs.undo import Undo
from cards.choices import JobKind

KINDS = {
    JobKind.ACTION: BulkAction(),
    JobKind.UNDO: Undo(),
    JobKind.EXPORT: Export(),
}
