"""The console's pages of bills: read day by day, brought by hand, and what does not agree settled with a note."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from billing.bills.actions.following import follow
from billing.bills.actions.reading import read_bill
from billing.bills.models import Bill, BillLine, Payout
from billing.models import UnmatchedPayment
from billing.payments.port import ProviderRefused
from tests.bills.paper import DAY, account, document, is_asked, line, paid, queue, read, started
from tests.console.pages import of_role, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paper")]

BILLS = "/console/bills/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _account(paper):
    account()


@pytest.fixture
def finance():
    return of_role("finance")


def plain(answer):
    return " ".join(re.sub("<[^>]*>", " ", text(answer)).split())


def get(client, path=""):
    return client.get(f"{BILLS}{path}", headers=ENGLISH)


def post(client, path, **data):
    return client.post(f"{BILLS}{path}", data, headers=ENGLISH)


def said(client):
    return re.findall(r'<li class="(?:success|error)">([^<]*)', text(get(client)))


def upload(client, *lines, bill="paper:trade", day=DAY, content=None):
    file = SimpleUploadedFile("bill.csv", document(*lines) if content is None else content)
    return post(client, "upload/", bill=bill, day=str(day), file=file)


def test_an_empty_portal_says_when_the_first_bill_comes(finance):
    assert "No bill yet. The first is fetched on the day after the first online payment." in plain(get(finance))
    assert "Bills and books agree." in plain(get(finance, "open/"))


def test_a_bill_is_uploaded_compared_and_read(finance):
    answer = upload(finance, line("payment", "T1", paid("T1"), fee="0.06"), line("refund", "R9", amount="3.00"))
    bill = Bill.objects.get()
    assert (answer.status_code, answer["location"]) == (302, f"{BILLS}{bill.pk}/")
    assert (bill.brought_by.username, "Being read" in plain(get(finance))) == ("finance", True)
    read_bill(bill)
    follow()
    shown = plain(get(finance))
    assert "2026-03-02 paper (paper) Trade bill Read ¥10.00 ¥3.00 ¥0.06 ¥0.00 2 1" in shown.replace("Paper", "paper")
    assert "By our books, at all of them ¥9.94" in shown
    page = plain(get(finance, f"{bill.pk}/"))
    assert ("T1 Payment ¥10.00 ¥0.06 Agrees" in page, "R9 Refund ¥3.00 ¥0.00 Not in our books" in page) == (True, True)
    assert "T1" not in plain(get(finance, f"{bill.pk}/?verdict=missing_here"))
    assert get(finance, f"{bill.pk}/?verdict=nonsense").status_code == 400
    assert upload(finance, line("payment", "T1")).status_code == 302
    assert Bill.objects.get().is_corrected


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"content": b"nonsense"}, "Line 1 is none."),
        ({"content": b""}, "The file is empty."),
        ({"day": DAY + timedelta(days=1), "content": b"x"}, "The day is not over yet: choose an earlier one."),
        ({"bill": "paper:bank"}, "Select a valid choice."),
    ],
)
def test_what_is_no_bill_is_refused_in_a_sentence(finance, change, sentence):
    answer = upload(finance, **change)
    assert (answer.status_code, sentence in plain(answer)) == (422, True)
    assert BillLine.objects.count() == 0


def test_the_lines_of_a_bill_as_a_file(finance):
    bill = read(line("payment", "T1", paid("T1"), fee="0.06"), line("refund", "=R9", amount="3.00"))
    answer = get(finance, f"{bill.pk}/lines.csv?verdict=missing_here")
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0].startswith("Line,About,Provider's reference,Our number,Amount,Fee,Time,Result")
    assert (len(rows), "R9" in rows[1], ",=R9" in rows[1]) == (2, True, False)
    assert get(finance, f"{bill.pk}/lines.csv?nonsense=1").status_code == 400


def test_each_difference_says_what_to_do_and_is_settled_with_a_note(finance):
    read(line("refund", "R9"), line("payment", "T8", started()), line("payment", "T9", "foreign"))
    assert queue() == [("missing_here", "R9", 10), ("missing_here", "T8", 10), ("missing_here", "T9", 10)]
    refund, known, foreign = BillLine.objects.order_by("number")
    assert [row.reference in plain(get(finance, "open/")) for row in (refund, known, foreign)] == [True] * 3
    assert "Bills and books agree." in plain(get(finance, "open/?verdict=other_amount"))
    assert get(finance, "open/?verdict=nonsense").status_code == 404
    assert "past the portal" in plain(get(finance, f"lines/{refund.pk}/"))
    page = text(get(finance, f"lines/{foreign.pk}/"))
    assert f"/console/unmatched/{UnmatchedPayment.objects.get().pk}/" in page
    type(known.payment).objects.update(ask_at=None)
    assert (post(finance, f"lines/{known.pk}/ask/").status_code, is_asked(known.payment)) == (302, True)
    assert said(finance) == ["The provider is asked at once. Reload the page in a minute."]
    post(finance, f"lines/{refund.pk}/ask/")
    assert said(finance) == ["There is nothing of ours to ask about that is still open."]
    assert post(finance, f"lines/{refund.pk}/settle/", note="").status_code == 422
    assert post(finance, f"lines/{refund.pk}/settle/", note="Adjustment A7").status_code == 302
    assert "finance Adjustment A7" in plain(get(finance, f"lines/{refund.pk}/"))
    assert len(queue()) == 2


def test_whoever_does_not_settle_only_looks(finance):
    bill = read(line("refund", "R9"))
    row, looker = BillLine.objects.get(), of_role("auditor")
    for path in ("", "open/", f"{bill.pk}/", f"lines/{row.pk}/", "payouts/"):
        page = text(get(looker, path))
        assert ('method="post" action="/console/bills/' in page, "upload/" in page) == (False, False)
    assert post(looker, f"lines/{row.pk}/settle/", note="x").status_code == 403
    assert post(looker, "payouts/").status_code == 403
    assert get(looker, "upload/").status_code == 403


def test_a_payout_is_recorded_by_hand(finance):
    told = {"account": "paper", "reference": "B1", "amount": "30.00", "paid_on": str(DAY)}
    assert post(finance, "payouts/", **told).status_code == 302
    assert post(finance, "payouts/", **told).status_code == 302
    answer = post(finance, "payouts/", **told | {"amount": "31"})
    assert (answer.status_code, "recorded already, with ¥30.00" in plain(answer)) == (422, True)
    assert (Payout.objects.count(), "B1 ¥30.00" in plain(get(finance, "payouts/"))) == (1, True)


def test_a_bill_that_does_not_come_says_why_and_is_fetched_when_somebody_wants_it(finance):
    bill = Bill.objects.create(account="paper", day=DAY, kind="trade", state="failed", words="silent", next_at=None)
    assert "The provider could not be reached." in plain(get(finance, f"{bill.pk}/"))
    assert post(finance, f"{bill.pk}/fetch/").status_code == 302
    assert Bill.objects.to_fetch().get() == bill


def test_the_first_page_leads_to_what_waits(finance):
    assert "/console/bills/open/" not in text(finance.get("/console/", headers=ENGLISH))
    read(line("refund", "R9"))
    assert "/console/bills/open/" in text(finance.get("/console/", headers=ENGLISH))
    assert "/console/bills/open/" not in text(of_role("support").get("/console/", headers=ENGLISH))


# the command


def command(*arguments):
    """(exit code, the document) of the command."""
    out = StringIO()
    try:
        call_command("payment_bills", *arguments, "--json", stdout=out)
    except SystemExit as ended:
        return ended.code, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_the_command_fetches_reads_and_lists(paper, tmp_path):
    paper.says["trade", DAY] = document(line("payment", "T1", paid("T1"), fee="0.06"))
    code, told = command("fetch", "paper", str(DAY))
    assert (code, [(bill["kind"], bill["state"], bill["lines"]) for bill in told["bills"]]) == (
        0,
        [("trade", "read", 1), ("fund", "read", 0)],
    )
    file = tmp_path / "bill.csv"
    file.write_bytes(document(line("refund", "R9", amount="3.00")))
    code, told = command("read", "paper", str(DAY), str(file))
    assert (code, [(each["result"], each["reference"], each["amount"]) for each in told["open"]]) == (
        1,
        [("missing_here", "R9", "3.00"), ("missing_there", "T1", "10.00")],
    )
    assert command("list")[0] == 1
    assert [bill["edition"] for bill in command("list")[1]["bills"]] == [1, 2]


def test_a_bill_that_is_refused_is_told_with_the_providers_words(paper):
    paper.says["trade", DAY] = ProviderRefused("NO_AUTH", "not allowed")
    code, told = command("fetch", "paper", str(DAY), "--kind", "trade")
    assert (code, told["bills"][0]["words"]) == (1, "NO_AUTH not allowed")
