"""How each alarm is provoked on the machine, and how its cause is taken away where only a person could."""

import json

TAKE_IN = """
from datetime import timedelta
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.calendar import civil_today
from cards.permissions import Actor
today = civil_today()
def take_in(numbers, customer, until):
    since = str(today - timedelta(days=300))
    column = {"carrier": "cmcc", "certification": "enterprise", "plan": "Y1-30", "state": "in_use",
              "customer": customer, "opened_on": since, "activated_on": since, "service_until": str(until)}
    rows = [read_card_row(2, column | {"iccid": f"8986{number:016d}"}, today) for number in numbers]
    for start in range(0, len(rows), 400):
        apply_cards(rows[start:start + 400], actor=Actor.shell())
"""
PREPARE = f"""{TAKE_IN}
from django.contrib.auth.models import User
from billing.models import Price
from cards.models import Customer
from tests.billing import build as b
if not User.objects.filter(username="admin").exists():
    User.objects.create_superuser("admin", password="not for long, but long enough")
if not Customer.objects.filter(name="Drill").exists():
    take_in(range(700_000, 700_003), "Drill", today + timedelta(days=200))
    b.fund("1000", name="Drill")
if not Price.objects.filter(plan__code="Y1-30", kind="list").exists():
    b.price("Y1-30", "30.00")
"""
DRAFT = """
from django.contrib.auth.models import User
from django.db import transaction
from cards.actions.jobs import control
from cards.actions.selections import freeze
from cards.models import Card, Job, JobChunk
user, cards = User.objects.get(username="admin"), Card.objects.filter(customer__name="Drill")
def tagged():
    job = control.draft(freeze(cards, owner=user, asked={}), "tag", user=user)
    return control.start(job, user=user, params={"tag": "drill"})
"""
FAILING_JOB = f"""{DRAFT}
with transaction.atomic():
    job = tagged()
    JobChunk.objects.filter(job=job).update(payload={{}})
print(job.pk)
"""
UNSERVED_ORDER = f"""{DRAFT}
from billing.actions import orders
from tests.billing import build as b
with transaction.atomic():
    order = orders.pay(b.placed(cards=cards, user=user, name="Drill"), user=user)
    chunk = order.job.chunks.get()
    payload, chunk.payload = chunk.payload, {{}}
    chunk.save()
import json
print(json.dumps([order.job.pk, payload]))
"""
OLD_JOB = f"""{DRAFT}
from datetime import timedelta
from django.utils import timezone
with transaction.atomic():
    job = tagged()
    at = timezone.now() - timedelta(minutes=11)
    Job.objects.filter(pk=job.pk).update(created_at=at, started_at=at)
    JobChunk.objects.filter(job=job).update(checked_at=at)
"""
FLEET = f"""{TAKE_IN}
from django.utils import timezone
from cards.models import SweptDay
for ago in range(1, 32):
    SweptDay.objects.get_or_create(day=today - timedelta(days=ago), defaults={{"finished_at": timezone.now()}})
take_in(range(500_000, 501_200), "", today + timedelta(days=200))
"""
FILLED = """
files=/var/lib/simportal/files
cp -a $files /root/files
mount -t tmpfs -o size=2200m,mode=750,uid=$(id -u simportal),gid=$(id -g simportal) tmpfs $files
cp -a /root/files/. $files/
dd if=/dev/zero of=$files/arriving/cut-off bs=1M count=400 status=none
touch -d '2 hours ago' $files/arriving/cut-off
"""


def shell(machine, code):
    """What code printed at last that ran as a command of the portal does."""
    machine.write("/root/drill.py", code)
    return machine.says('simportal shell --verbosity 0 --command "$(cat /root/drill.py)" 2>&1').splitlines()[-1:]


def sql(machine, statements):
    """As the database's superuser, past the portal's role and the triggers."""
    machine.write("/root/drill.sql", f"SET session_replication_role = replica;\n{statements}\n")
    return machine.says(
        "runuser -u postgres -- psql --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 simportal < /root/drill.sql"
    )


def prepare(machine):
    """Three cards of a customer with money, and a backup."""
    shell(machine, PREPARE)
    machine.run("systemctl enable --now simportal-backup.timer; systemctl start simportal-backup")


def stop(units):
    return lambda machine: machine.run(f"systemctl stop {units}") and None


def deafen(machine):
    """The brackets keep these commands from finding themselves."""
    machine.run("kill -STOP $(grep -lsa 'worke[r]' $(grep -lsa 'celer[y]' /proc/[0-9]*/cmdline) | cut -d/ -f3)")


def fill_disk(machine):
    machine.write("/root/fill.sh", FILLED)
    machine.run("bash -eu /root/fill.sh")


def age_backup(machine):
    machine.run("touch -d '27 hours ago' /var/lib/simportal/backup_finished")


def fail_job(machine):
    (number,) = shell(machine, FAILING_JOB)
    return {" 17 ": f" {number} "}


def fail_order(machine):
    (printed,) = shell(machine, UNSERVED_ORDER)
    number, payload = json.loads(printed)
    machine.write("/root/payload.json", json.dumps([number, payload]))
    return {" 17 ": f" {number} "}


def order_mended(machine):
    number, payload = json.loads((machine.root / "root" / "payload.json").read_text())
    sql(machine, f"UPDATE cards_jobchunk SET payload = '{json.dumps(payload)}' WHERE job_id = {number}")


def stand_still(machine):
    machine.run("systemctl stop simportal-worker")
    shell(machine, OLD_JOB)


def brake(machine):
    shell(machine, FLEET)
    first, last = (f"8986{number:016d}" for number in (500_000, 501_199))
    fleet = f"iccid BETWEEN '{first}' AND '{last}'"
    sql(
        machine,
        f"CREATE TABLE drilled AS SELECT id, next_due_on FROM cards_card WHERE {fleet};"
        f"UPDATE cards_card SET next_due_on = current_date WHERE {fleet}",
    )


def brake_mended(machine):
    sql(
        machine,
        "UPDATE cards_card SET next_due_on = drilled.next_due_on FROM drilled WHERE drilled.id = cards_card.id;"
        "DROP TABLE drilled",
    )


def step_fails(machine):
    sql(machine, "REVOKE SELECT ON billing_renewalrun FROM simportal_app")


def step_mended(machine):
    sql(machine, "GRANT SELECT ON billing_renewalrun TO simportal_app")


ONE_CARD = "WHERE id = (SELECT min(id) FROM cards_card)"
NIGHT_AGAIN = "DELETE FROM simportal_provennight;"


def spoil(machine):
    sql(machine, f"UPDATE cards_card SET used_bytes = used_bytes + 1 {ONE_CARD}; {NIGHT_AGAIN}")


def unspoil(machine):
    sql(machine, f"UPDATE cards_card SET used_bytes = used_bytes - 1 {ONE_CARD}; {NIGHT_AGAIN}")
