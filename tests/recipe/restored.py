"""What a backup is worth, and what a change of keys leaves."""

import json


def restored(trial):
    """The backup has each file; the drill has left nothing, and the next night is planned."""
    machine = trial.machine
    assert (
        machine.says("diff --recursive --exclude=arriving /var/lib/simportal/files /var/backups/simportal/last/files")
        == ""
    )
    assert (
        machine.says(
            "runuser -u postgres -- psql -qAtc \"SELECT count(*) FROM pg_database WHERE datname LIKE '%drill'\""
        )
        == "0"
    )
    assert machine.says("systemctl is-enabled simportal-backup.timer") == "enabled"
    assert machine.says("stat --format=%a:%U /var/backups/simportal") == "700:root"
    assert machine.says("ls /opt/simportal /etc/simportal | grep drill || true") == ""


def keys_changed(trial):
    """Who was logged in still is; the old token opens nothing; everything answers."""
    assert trial.visitors[0].go("/console/").page.url.endswith("/console/")
    said = json.loads(trial.machine.run("simportal secret_keys --json"))
    assert [key["key"] for key in said["keys"]] == ["SECRET_KEY", "fallback 1"]
    trial.everything_is_well()
