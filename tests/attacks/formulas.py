"""Formulas in whatever people write: no file that the portal gives to people has a cell that a spreadsheet calculates.

They are opened as a spreadsheet opens them: a carriage return ends a row, and what begins with a sign is a formula.
"""

import csv
import io
import re
import uuid

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from billing.models import Order, Receipt
from cards.actions.jobs import worker
from cards.models import Card, Customer, Job, Plan
from tests.attacks.asking import Caller
from tests.attacks.attack import Attack, Tally
from tests.build import on_day, unguarded
from tests.console.pages import logged_in
from tests.my import test_every_url as walk

CALL = 'HYPERLINK("http://evil.example")'
SIGNS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", "a\r=", "a\n=", "a＂&", '="a"&')
FORMULAS = (
    *(f"{sign}{CALL}" for sign in SIGNS),
    *("=1+1", "a\r=1+1", "=cmd|' /C calc'!A1", '"=1', "'=1+1", "a＂&1+1&＂"),
)
IN_SHORT = ("=1+1", "a\r=1+1")
# What is quoted whole, and numbers; all else that begins so is calculated.
TEXT_OR_NUMBER = re.compile(r'="[0-9A-Za-z ._/-]*"|-?[0-9]+(\.[0-9]+)?')
BEGINS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
PEOPLE = ("admin", "owner")
OF_A_FILE = re.compile("csv|export|failures|report|file|unknown|lines|log")


def live_cells(content):
    """The cells of a CSV that a spreadsheet would calculate."""
    text = content.decode("utf-8-sig")
    rows = csv.reader(io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"), newline=""))
    return [cell for row in rows for cell in row if cell.startswith(BEGINS_A_FORMULA) and not is_harmless(cell)]


def is_harmless(cell):
    return bool(TEXT_OR_NUMBER.fullmatch(cell))


def in_files(stage):
    """Formulas in the names of people, customers and plans, in remarks, tags, notes and references."""
    tally = Tally()
    with on_day(walk.DAY), override_settings(MEDIA_ROOT=stage.folder):
        people = walk.everybody()
        world = walk.everything(people)
        walk.noted_by_staff(people, world)
        addresses = [(name, walk.path_of(name, route, world)) for name, route in walk.urls()]
        callers = {who: Caller(people[who]) for who in PEOPLE}
        if stage.is_short:
            addresses = [(name, path) for name, path in addresses if OF_A_FILE.search(name)]
        unguarded()
        found = set()
        for formula in IN_SHORT if stage.is_short else FORMULAS:
            write_everywhere(formula)
            for who, caller in callers.items():
                for path, content in files_of(caller, addresses):
                    with tally.one_try():
                        found.add(path)
                        if live := live_cells(content):
                            tally.got_through(who, path, live[:2])
    tally.remarks.append(f"{len(found)} files")
    tally.through += ["no files were found"] * (len(found) < 15)
    return tally


def write_everywhere(formula):
    Card.objects.update(remark=formula, tags=[formula])
    Customer.objects.filter(name__contains="Acme").update(name=f"{formula} Acme")
    Plan.objects.update(name=formula)
    Order.objects.update(note=formula)
    Receipt.objects.update(reference=formula[:60], payer=formula, note=formula)
    Job.objects.update(reason=formula)


def files_of(caller, addresses):
    for name, path in addresses:
        answer = caller.client.get(path, walk.TABLE[name].data)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/csv"):
            yield path, b"".join(answer) if answer.streaming else answer.content


def in_reports(stage):
    """A file whose every cell is a formula: its report says what is wrong with it, and quotes it."""
    tally = Tally()
    with on_day(walk.DAY), override_settings(MEDIA_ROOT=stage.folder):
        ops = logged_in(walk.everybody()["operations"])
        for what, columns in COLUMNS.items():
            for column in columns:
                job = imported(ops, what, columns, column)
                for path in (f"/console/imports/{job.pk}/report.csv", f"/console/jobs/{job.pk}/failures.csv"):
                    with tally.one_try():
                        answer = ops.get(path)
                        content = b"".join(answer) if answer.streaming else answer.content
                        if answer.status_code == 200 and (live := live_cells(content)):
                            tally.got_through(column, path, live[:2])
    return tally


COLUMNS = {
    "cards": {
        **{"iccid": "89860000000000000001", "msisdn": "", "imsi": "", "carrier": "cmcc", "customer": "Acme"},
        **{"certification": "enterprise", "opened_on": "2026-03-01", "plan": "Y1-30", "remove": "", "imei": ""},
    },
    "usage": {"iccid": "89860000000000000001", "day": "2026-03-01", "bytes": "1", "imei": "", "read_at": ""},
}


def imported(client, what, columns, hostile):
    """The job of a file in which a column has every formula, looked at and, where that goes, done."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([*(columns | {hostile: formula}).values()] for formula in FORMULAS)
    file = SimpleUploadedFile("=1+1.csv", text.getvalue().encode())
    form = {"key": str(uuid.uuid4()), "what": what, "file": file}
    job = Job.objects.get(pk=client.post("/console/imports/", form).url.split("/")[-2])
    worker.work_off(job)
    client.post(f"/console/jobs/{job.pk}/start/", {"confirmed": "1"})
    return worker.work_off(Job.objects.get(pk=job.pk))


ATTACKS = {
    "formulas in files": Attack(
        "formulas in what people write",
        f"{len(FORMULAS)} kinds, full-width signs and line ends too, in every file of every page",
        in_files,
        asks_the_database=True,
    ),
    "formulas in reports": Attack(
        "formulas in a file that is brought in",
        "in each column of cards and usage; its report is read as a spreadsheet does",
        in_reports,
    ),
}
