"""What was decided on real-name checks, in the checks' own rows."""

from collections import defaultdict

from cards.choices import RealName
from cards.models import RealNameCheck


def mirror(written):
    decided = defaultdict(list)
    for entry in written:
        card, before = entry.card, entry.before
        if entry.differs("real_name") and card.real_name != RealName.SUBMITTED:
            decided[before["real_name"], card.real_name, card.changed_on] += entry.keys
    for (status, verdict, day), card_ids in decided.items():
        checks = RealNameCheck.objects.filter(card__among=card_ids, status=status)
        checks.update(status=verdict, decided_on=day)
