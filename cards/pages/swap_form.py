"""The form of a swap: first the new SIM, then both side by side, with what goes over and what ends."""

from dataclasses import dataclass

from django.forms import HiddenInput
from django.utils.translation import gettext as _

from cards.calendar import last_day
from cards.catalogue.swap import new_sim
from cards.choices import State
from cards.errors import BadInput
from cards.forms import LAST_DIGITS
from cards.pages.action_form import CardAction
from cards.pages.card_facts import Fact
from cards.phrases import listed
from cards.quantities import megabytes


@dataclass(frozen=True)
class SimSide:
    """One of the two SIMs: what it is called here, its numbers, what it shows now and what afterwards, and the facts
    that tell it from the other."""

    title: str
    iccid: str
    shown: str
    shown_then: str
    facts: list


class SwapAttempt(CardAction):
    """A swap of the card's SIM, as one actor asks for it."""

    def form(self, data=None, initial=None):
        form = super().form(data, initial)
        form.fields["iccid"].widget = HiddenInput()
        last = form.fields["last_digits"]
        last.label = _("The last {count} characters of the old SIM's ICCID").format(count=LAST_DIGITS)
        last.help_text = _("Enter them to confirm. This SIM is cancelled for good.")
        return form

    def more(self, form):
        """The new SIM beside the old one; or what is wrong with what was typed, or nothing where nothing was."""
        typed = form["iccid"].value() or ""
        return {"typed": typed, **(self._beside(typed) if typed else {})}

    def _beside(self, typed):
        try:
            new = new_sim(typed)
        except BadInput as bad:
            return {"complaint": str(bad.sentence)}
        after, refused = self._rehearsed(iccid=new)
        if refused:
            return {"complaint": str(refused)}
        return {"sides": self._sides(new, after), "goes_over": self._goes_over(), "ends": self._ends(new)}

    def _sides(self, new, after):
        ours, theirs = _numbers(self.card), _numbers(new)
        ours.insert(0, Fact(_("Customer"), self.card.customer or _("in stock")))
        theirs.insert(0, Fact(_("Customer"), _("in stock")))
        return [
            SimSide(_("Old SIM"), self.card.iccid, self.card.shown, State.CANCELLED, ours),
            SimSide(_("New SIM"), new.iccid, new.shown, after.shown, theirs),
        ]

    def _goes_over(self):
        """What the new SIM has of the card; what the card has not is left out."""
        card, meter = self.card, self.card.meter(self.today)
        quota = "–" if meter.quota_bytes is None else megabytes(meter.quota_bytes)
        used = _("{used} of {of} MB used").format(used=megabytes(meter.used_bytes), of=quota) if meter.starts_on else ""
        facts = [
            Fact("MSISDN", card.msisdn, is_code=True),
            Fact(_("Customer"), card.customer),
            Fact(_("Last day of service"), card.service_until and str(last_day(card.service_until))),
            Fact(_("Terms queued"), len(card.queue)),
            Fact(_("Usage"), used),
            Fact(_("Usage limit"), f"{card.limit_mb:,} MB" if card.limit_mb else ""),
            Fact(_("Bound device"), card.bound_imei, is_code=True),
            Fact(_("Tags"), listed(card.tag_list)),
            Fact(_("Remark"), card.remark),
        ]
        return [fact for fact in facts if fact.value]

    def _ends(self, new):
        """What is over afterwards, in sentences."""
        sentences = [_("The SIM {iccid} is cancelled for good.").format(iccid=self.card.iccid)]
        if self.card.msisdn and new.msisdn:
            sentences.append(_("The new SIM gives up its own number, {msisdn}.").format(msisdn=new.msisdn))
        sentences.append(_("Both printed labels open nothing any more: print the new SIM's label again."))
        return sentences


def _numbers(card):
    numbers = [Fact("MSISDN", card.msisdn, is_code=True), Fact("IMSI", card.imsi, is_code=True)]
    return [number for number in numbers if number.value]
