"""What a backup is worth, and what a change of keys leaves."""

import json
import re

# What people did and paid: not a row more or less. Notices, digests and daily sums come by themselves meanwhile.
LASTING = {
    *("auth_user", "cards_card", "cards_cardevent", "cards_customer", "cards_job", "cards_person", "cards_serviceterm"),
    *("billing_entry", "billing_order", "billing_orderline", "billing_posting", "billing_price", "billing_receipt"),
}
BACKUPS = "/var/backups/simportal"
AGAIN = "simportal-backup > /dev/null"
SAME_FILES = "diff --recursive --exclude=arriving /var/lib/simportal/files /var/backups/simportal/last/files"
TABLES = "runuser -u postgres -- psql -qAt simportal < /opt/simportal/current/docs/production/count.sql | cut -d'|' -f1"
DATABASES = "runuser -u postgres -- psql -qAtc 'SELECT datname FROM pg_database' | grep simportal"


def restored(trial):
    """The copy was proven and had as many rows of each kind; no file is missing; the drill has left nothing."""
    machine, proven = trial.machine, trial.said[6, 3]
    assert "problems: 0." in proven
    assert LASTING & set(re.findall(r"^[<>] (\w+)\|", proven, re.MULTILINE)) == set(), proven
    assert set(machine.says(TABLES).split()) > LASTING
    assert machine.says(SAME_FILES) == ""
    assert machine.says(DATABASES) == "simportal"
    assert machine.says("ls /opt/simportal /etc/simportal | grep drill || true") == ""
    assert machine.says("stat --format=%a:%U /var/backups/simportal") == "700:root"
    assert machine.says("systemctl is-enabled simportal-backup.timer") == "enabled"

    one_that_fails_changes_nothing(machine)
    the_oldest_go(machine)


def one_that_fails_changes_nothing(machine):
    """Neither what `last` leads to, nor the mark that whoever watches reads."""
    marks = "readlink /var/backups/simportal/last; stat --format=%y /var/lib/simportal/backup_finished"
    before = machine.says(marks)
    assert "failed" in machine.says("PGPORT=1 simportal-backup 2>&1 || true")
    assert machine.says(marks) == before


def the_oldest_go(machine):
    """Fourteen stay, the newest among them, and what is in two of them takes room once."""
    first = machine.says("readlink /var/backups/simportal/last")
    kept = machine.says(f"cd /var/backups/simportal; mkdir 2020-01-{{10..24}}; {AGAIN}; ls --directory 20*").split()
    assert (len(kept), kept[0], kept[-2]) == (14, "2020-01-13", first)
    assert set(machine.says(f"find {BACKUPS}/{first}/files -type f -printf '%n '").split()) <= {"2"}
    machine.run(f"rm -r {BACKUPS}/2020-*")


def keys_changed(trial):
    """Who was logged in still is; what rests on the key of before is told; everything answers, with the new token."""
    assert trial.visitors[0].go("/console/").page.url.endswith("/console/")
    said = json.loads(trial.machine.run("simportal secret_keys --json"))
    assert [key["key"] for key in said["keys"]] == ["SECRET_KEY", "fallback 1"]
    assert said["keys"][1]["recovery_codes"] == 20
    assert trial.machine.says("stat --format=%a:%U:%G /etc/simportal/simportal.env") == "640:root:simportal"
    trial.everything_is_well()
