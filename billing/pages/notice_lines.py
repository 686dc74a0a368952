"""Notices as pages show them: the sentence, what kind it is of, and whether it was mailed."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.translation import gettext as _

from billing.choices import MailProblem, NoticeKind
from billing.models import Notice
from billing.sentences import placeholders_of, sentence_of, template_of
from cards.models import PlanBook
from cards.pages.badges import Badge
from cards.pages.frames import CONSOLE
from cards.unreadable import read_kept

LAST_NOTICES = 10
NOTICE_TONES = {
    NoticeKind.CANCELLING: "bad",
    NoticeKind.RENEWAL_FAILED: "bad",
    NoticeKind.NOT_RENEWED: "bad",
    NoticeKind.EXPIRING: "warning",
    NoticeKind.WALLET_LOW: "warning",
    NoticeKind.PRICE_CHANGED: "warning",
    NoticeKind.PAYMENT_DUE: "warning",
    NoticeKind.PAYMENT_FAILED: "bad",
    NoticeKind.CREDIT_DUE: "warning",
}


@dataclass(frozen=True)
class NoticeLine:
    """A notice in the reader's language, with a link to its card; `mailed` says what became of its mail."""

    notice: Notice
    badge: Badge
    sentence: str
    mailed: str


def notice_lines(notices):
    """These notices, in their order."""
    plans = PlanBook()
    return [notice_line(notice, plans) for notice in notices]


def notice_line(notice, plans=None):
    badge = Badge(notice.get_kind_display(), NOTICE_TONES.get(notice.kind, "info"))
    if notice.card:
        card = format_html('<a href="{}">{}</a>', CONSOLE.url("card", notice.card.iccid), notice.card.iccid)

        def linked(notice):
            return format_html(template_of(notice), **placeholders_of(notice, plans) | {"card": card})

        sentence = read_kept(linked, notice, lambda _notice: sentence_of(notice, plans))
    else:
        sentence = sentence_of(notice, plans)
    return NoticeLine(notice, badge, sentence, _mailed(notice))


def notices_of(customer):
    """The last of what a customer was told."""
    last = Notice.objects.filter(customer=customer).select_related("card", "digest").order_by("-pk")
    return notice_lines(last[:LAST_NOTICES])


def _mailed(notice):
    digest = notice.digest
    if notice.outdated:
        return _("not emailed: no longer true when it could be")
    if digest is None:
        return _("in the next email")
    if digest.sent_at:
        return _("emailed on {day}").format(day=digest.day)
    problem = dict(MailProblem.choices).get(digest.problem, digest.problem)
    if digest.due_at is None:
        return _("not emailed: {problem}").format(problem=problem)
    return _("retrying: {problem}").format(problem=problem) if problem else _("sending email")
