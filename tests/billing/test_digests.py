"""The one mail a day: what goes into it and to whom, and what becomes of it when something is in the way."""

from datetime import date, datetime, time, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.contrib.auth.models import User
from django.core import mail as outgoing
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone, translation

from billing import mail
from billing.actions import digests
from billing.actions.notices import gather
from billing.choices import MailProblem, NoticeKind
from billing.models import Digest, Notice
from billing.sentences import heading, sentence_of
from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.models import Card
from tests.billing import build as b
from tests.billing.test_at_once import at_once
from tests.build import SHELL, member, open_card

pytestmark = pytest.mark.django_db

# Cards in use since then with M1-100 have service until 2026-04-01.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)


def at(hour, minute=0, day=SINCE):
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


MORNING = at(8)


def drained(now=MORNING):
    """(customer, whether it is sent, tries, when it is due, problem) of each digest, after a drain."""
    mail.drain(timezone.localdate(now), now, seconds=60)
    found = Digest.objects.select_related("customer").order_by("pk")
    return [(d.customer.name, d.sent_at is not None, d.tries, d.due_at, d.problem) for d in found]


def reader(name="Acme", username="alice", email=None, **more):
    user = member(name, username, **more)
    user.email = f"{username}@example.cn" if email is None else email
    user.save()
    return user


SENT = ("Acme", True, 1, None, "")


def test_a_digest_says_what_comes_in_chinese_and_to_whoever_acts_for_the_customer(mailoutbox):
    reader(), reader(username="bob", role="operator"), reader(username="eve", role="viewer"), reader("Other", "carl")
    reader(username="gone", role="owner"), reader(username="mute", email="")
    User.objects.filter(username="gone").update(is_active=False)
    card = open_card(customer="Acme")
    b.notice(card=card, kind=NoticeKind.CANCELLING, step=30), b.notice(card=card, step=1)
    b.notice(kind=NoticeKind.WALLET_LOW, step=0, on=SINCE, balance="9.99", low_below="100.00")
    assert drained() == [SENT]
    (sent,) = mailoutbox
    assert (sent.to, sent.from_email) == (["alice@example.cn", "bob@example.cn"], "simportal <simportal@localhost>")
    with translation.override("zh-hans"):
        headings = [heading(*about, 1) for about in (("expiring", 1), ("cancelling", 30), ("wallet_low", 0))]
        sentences = [sentence_of(each) for each in Notice.objects.order_by("kind")]
    lines = [line.removeprefix("- ") for line in sent.body.splitlines()]
    assert [line for line in lines if line in headings] == headings
    assert sorted(line for line in lines if line in sentences) == sorted(sentences)
    assert [line for line in lines if "://" in line] == ["http://127.0.0.1:8000/my/"]
    digest = Digest.objects.get()
    assert sent.extra_headers["Message-ID"] == f"<digest-{digest.pk}@localhost>"
    assert set(Notice.objects.values_list("digest", flat=True)) == {digest.pk}


def test_nobody_is_mailed_before_eight_and_what_comes_later_waits_for_the_next_day(mailoutbox):
    reader()
    b.notice()
    assert drained(at(7, 59)) == []
    assert drained(MORNING) == [SENT]
    b.notice(step=1)
    assert drained(at(20)) == [SENT]
    tomorrow = SINCE + timedelta(days=1)
    assert drained(at(7, 59, tomorrow)) == [SENT]
    assert drained(at(9, 0, tomorrow)) == [SENT, SENT]
    assert drained(at(10, 0, tomorrow)) == [SENT, SENT]
    assert [digest.notices.count() for digest in Digest.objects.order_by("pk")] == [1, 1]
    assert len(mailoutbox) == 2


def test_each_customer_has_a_mail_of_their_own(mailoutbox):
    reader(), reader("Other", "carl")
    b.notice(), b.notice("Other")
    assert [row[:2] for row in drained()] == [("Acme", True), ("Other", True)]
    assert [sent.to for sent in mailoutbox] == [["alice@example.cn"], ["carl@example.cn"]]


def test_who_has_nothing_to_be_told_gets_no_mail(mailoutbox):
    reader()
    assert (drained(), mailoutbox) == ([], [])


def test_five_thousand_cards_are_one_mail(mailoutbox, django_assert_max_num_queries):
    reader()
    fleet(5_000)
    day = END - timedelta(days=7)
    gather(day)
    assert Notice.objects.count() == 5_000
    with django_assert_max_num_queries(15):
        gather(day)
    assert Notice.objects.count() == 5_000
    with django_assert_max_num_queries(25):
        assert drained(at(8, 0, day)) == [SENT]
    (sent,) = mailoutbox
    assert (sent.body.count("8986"), len(sent.body) < 3_000) == (20, True)
    assert ("5000" in sent.subject, "4980" in sent.body) == (True, True)
    assert Notice.objects.filter(digest=None).count() == 0


def fleet(size):
    """`size` cards of Acme in use, like `monthly`."""
    columns = {"carrier": "cmcc", "certification": "enterprise", "plan": "M1-100", "customer": "Acme"}
    rows = [
        read_card_row(number, columns | {"iccid": f"8986{number:016d}", "opened_on": str(SINCE)}, date.max)
        for number in range(size)
    ]
    apply_cards(rows, actor=SHELL)
    act("activate", list(Card.objects.values_list("pk", flat=True)), actor=SHELL, on=SINCE)


def test_where_nobody_has_an_address_that_is_noted_and_not_tried_again(mailoutbox):
    reader(email="")
    b.notice()
    given_up = [("Acme", False, 1, None, MailProblem.NOBODY)]
    assert (drained(), drained(at(23)), mailoutbox) == (given_up, given_up, [])


def test_without_a_mail_server_that_is_noted_and_not_tried_again(settings, mailoutbox):
    settings.SENDS_MAIL = False
    reader()
    b.notice()
    given_up = [("Acme", False, 1, None, MailProblem.NO_SERVER)]
    assert (drained(), drained(at(23)), mailoutbox) == (given_up, given_up, [])


class Unreachable(BaseEmailBackend):
    """A server that does not answer."""

    def open(self):
        raise OSError("no route")


class Refusing(BaseEmailBackend):
    """A server that wants nothing of Acme's."""

    def send_messages(self, messages):
        if "alice@example.cn" in messages[0].to:
            raise SMTPRecipientsRefused({"alice@example.cn": (550, b"unknown")})
        outgoing.outbox.extend(messages)
        return len(messages)


def named(backend):
    return f"{backend.__module__}.{backend.__qualname__}"


def test_a_mail_that_fails_is_tried_for_a_day_and_then_given_up(settings, mailoutbox):
    settings.EMAIL_BACKEND = named(Unreachable)
    reader()
    b.notice()
    tries, now = [], MORNING
    drained(now)
    while now:
        found = Digest.objects.get()
        now, number, problem = found.due_at, found.tries, found.problem
        tries.append((number, now, problem))
        if now:
            digests.failed(digests.claim_digest(now), MailProblem.NOT_TAKEN, now)
    waits = [5, 30, 120, 600] + 48 * [1800]
    due = [MORNING + timedelta(seconds=sum(waits[:number])) for number in range(1, len(waits) + 1)]
    assert tries == [(number, at, "not_taken") for number, at in enumerate([*due, None], 1)]
    assert mailoutbox == []


def test_a_server_that_comes_back_gets_the_mail(settings, mailoutbox):
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, named(Unreachable)
    reader()
    b.notice()
    drained()
    settings.EMAIL_BACKEND = working
    five = timedelta(seconds=5)
    assert drained(MORNING + five - timedelta(seconds=1))[0][1:3] == (False, 1)
    assert (drained(MORNING + five), len(mailoutbox)) == ([("Acme", True, 2, None, "")], 1)


def test_one_mail_that_is_refused_does_not_keep_back_the_others(settings, mailoutbox):
    settings.EMAIL_BACKEND = named(Refusing)
    reader(), reader("Other", "carl")
    b.notice(), b.notice("Other")
    refused, sent = drained()
    assert refused == ("Acme", False, 1, None, "refused")
    assert (sent, [each.to for each in mailoutbox]) == (("Other", True, 1, None, ""), [["carl@example.cn"]])


def test_a_digest_that_somebody_sends_is_nobody_elses_until_the_lease_runs_out():
    b.notice()
    digests.begin(SINCE, MORNING)
    mine = digests.claim_digest(MORNING)
    assert digests.claim_digest(MORNING + digests.DIGEST_LEASE - timedelta(seconds=1)) is None
    again = digests.claim_digest(MORNING + digests.DIGEST_LEASE)
    assert (mine.pk, again.pk, again.tries) == (again.pk, mine.pk, 2)


def test_what_was_sent_stays_so_whatever_a_slower_try_says():
    b.notice()
    digests.begin(SINCE, MORNING)
    digest = digests.claim_digest(MORNING)
    digests.sent(digest, MORNING)
    digests.failed(digest, "too late", MORNING)
    assert (Digest.objects.get().due_at, Digest.objects.get().problem) == (None, "")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="in tests all threads share SQLite's connection")
def test_two_gatherings_and_two_drains_at_once_are_one_mail(mailoutbox):
    reader()
    fleet(50)
    day = END - timedelta(days=7)
    at_once([lambda: gather(day)] * 4)
    at_once([lambda: mail.drain(day, at(8, 0, day), seconds=60)] * 4)
    assert (Notice.objects.count(), drained(at(8, 1, day)), len(mailoutbox)) == (50, [SENT], 1)
