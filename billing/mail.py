"""The door to the mail server: notices to customers go out here, one digest a day to each, and by no other way."""

import logging
import time
from contextlib import closing
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Count
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import ngettext

from billing.actions import digests
from billing.choices import MailProblem, NoticeKind
from billing.models import MoneyRules
from billing.sentences import heading, sentence_of
from cards.choices import ACTING_ROLES
from cards.faults import fault_of
from cards.links import portal_link
from cards.models import PlanBook
from cards.phrases import on_one_line

logger = logging.getLogger(__name__)

NOTICES_PER_GROUP = 20
ORDER = list(NoticeKind)
ASKING_FOR_MONEY = (
    NoticeKind.WALLET_LOW,
    NoticeKind.RENEWAL_FAILED,
    NoticeKind.PAYMENT_DUE,
    NoticeKind.PAYMENT_FAILED,
    NoticeKind.CREDIT_DUE,
)


class NoticeGroup(NamedTuple):
    """Notices of one kind and step: what they have in common, what the first say, and how many more are left."""

    heading: str
    sentences: list
    left: int


def drain(today, now, seconds, begins=True):
    """Make today's digests and send what is due, for about `seconds` seconds; the next drain does what is left.

    Without `begins` no new digests are made, because there is more to come into them.

    A digest is sent again if a worker dies between sending it and saying so; it has the same Message-ID then.
    """
    give_up_at = time.monotonic() + seconds
    if begins:
        digests.begin(today, now)
    with closing(get_connection()) as connection:
        while time.monotonic() < give_up_at and (digest := digests.claim_digest(now)):
            _deliver(digest, connection, now)


def _deliver(digest, connection, now):
    acting = digest.customer.memberships.of_people().filter(role__in=ACTING_ROLES, user__is_active=True)
    addresses = sorted(set(acting.exclude(user__email="").values_list("user__email", flat=True)))
    if not settings.SENDS_MAIL:
        return digests.give_up(digest, MailProblem.NO_SERVER)
    if not addresses:
        return digests.give_up(digest, MailProblem.NOBODY)
    try:
        connection.open()
        _message(digest, addresses, connection).send()
    except Exception as error:
        problem = _problem_of(error)
        logger.warning("The digest %s was not sent (%s); the others go on", digest.pk, problem.value, exc_info=error)
        connection.close()
        if problem == MailProblem.NOT_TAKEN:
            digests.failed(digest, problem, now)
        else:
            digests.give_up(digest, problem)
    else:
        digests.sent(digest, now)


def _problem_of(error):
    """Why a mail did not go out: a server that is away, busy or set up wrongly may take it later."""
    if isinstance(error, SMTPRecipientsRefused | SMTPSenderRefused | SMTPDataError) and _is_for_good(error):
        return MailProblem.REFUSED
    # Whatever smtplib and the network raise is an OSError.
    return MailProblem.NOT_TAKEN if isinstance(error, OSError) or fault_of(error) else MailProblem.MISTAKE


def _is_for_good(error):
    """Whether the server's answer, of all its answers each, is a permanent one (RFC 5321, 4.2.1)."""
    codes = [code for code, _said in getattr(error, "recipients", {}).values()] or [error.smtp_code]
    return min(codes) >= 500


def _message(digest, addresses, connection):
    """The mail, in the portal's first language: nobody knows which one each of its readers prefers."""
    count, domain = digest.notices.count(), parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    with translation.override(settings.LANGUAGE_CODE):
        subject = ngettext("{customer}: {count} notice", "{customer}: {count} notices", count)
        bank = digest.notices.filter(kind__in=ASKING_FOR_MONEY).exists() and MoneyRules.read().bank_account
        context = {"digest": digest, "groups": _groups(digest), "bank": bank, "link": portal_link("my:home")}
        body = render_to_string("mail/digest.txt", context)
    return EmailMessage(
        on_one_line(subject.format(customer=digest.customer, count=count)),
        body,
        to=addresses,
        connection=connection,
        headers={"Message-ID": f"<digest-{digest.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )


def _groups(digest):
    counts = digest.notices.order_by().values_list("kind", "step").annotate(Count("pk"))
    groups, plans = [], PlanBook()
    for kind, step, count in sorted(counts, key=lambda row: (ORDER.index(row[0]), row[1])):
        first = digest.notices.filter(kind=kind, step=step).select_related("card").order_by("on", "pk")
        sentences = [sentence_of(notice, plans) for notice in first[:NOTICES_PER_GROUP]]
        groups.append(NoticeGroup(heading(kind, step, count), sentences, max(0, count - NOTICES_PER_GROUP)))
    return groups
