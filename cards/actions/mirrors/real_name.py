"""What was decided on real-name checks, in the checks' own rows."""

from collections import defaultdict

from cards.choices import RealName
from cards.models import RealNameCheck


def mirror(written):
    decided = defaultdict(list)
    for card, before, _ in written:
        if card.real_name != before["real_name"] and card.real_name != RealName.SUBMITTED:
            decided[before["real_name"], card.real_name, card.changed_on].append(card.pk)
    for (status, verdict, day), card_ids in decided.items():
        checks = RealNameCheck.objects.filter(card_id__in=card_ids, status=status)
        checks.update(status=verdict, decided_on=day)
