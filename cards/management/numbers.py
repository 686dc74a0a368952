"""Which cards are meant by the ICCIDs of a command line."""

from django.utils.translation import gettext as _

from cards.actions.write import chunked
from cards.identifiers import bare, iccid_in
from cards.lookup import ids_by_iccid


def meant(iccids, cards=None):
    """(ICCID, primary key, complaint) of each in turn; the key is None where there is something to complain about."""
    for chunk in chunked(dict.fromkeys(iccid_in(text) or bare(text) for text in iccids)):
        ids = ids_by_iccid(chunk, cards)
        for iccid in chunk:
            found = ids[iccid]
            if len(found) == 1:
                yield iccid, found[0], ""
            elif found:
                yield iccid, None, _("Several cards begin with {iccid}: give all 20 characters.").format(iccid=iccid)
            else:
                yield iccid, None, _("There is no card {iccid}.").format(iccid=iccid)
