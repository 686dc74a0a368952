"""What somebody looks at after a section of the page: a function of the trial for its number, which asserts."""

from tests.recipe.drill import short_drill
from tests.recipe.first_day import first_day
from tests.recipe.restored import keys_changed, restored
from tests.recipe.upgraded import upgraded_at_work


def installed(trial):
    """What was started goes on and will after the next start, nothing else listens, http leads to https."""
    machine = trial.machine
    assert machine.says("systemctl --failed --no-legend --plain | cut --delimiter=' ' --fields=1") == ""
    units = "simportal-web.socket simportal-web simportal-worker simportal-beat nginx postgresql redis-server"
    assert set(machine.says(f"systemctl is-active {units}").split()) == {"active"}
    assert set(machine.says(f"systemctl is-enabled {units}").split()) == {"enabled"}
    listening = machine.says("cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" {print $2}'").split()
    to_the_world = {int(end[-4:], 16) for end in listening if not end.startswith(("0100007F", "0" * 24 + "01000000"))}
    assert to_the_world == {80, 443}
    assert trial.fetched("http://sim.example.cn/admin/login/") == ("301", "https://sim.example.cn/admin/login/")
    assert trial.fetched("https://sim.example.cn/admin/login/") == ("200", "")
    exposed = machine.says(
        "stat --format=%a:%U /etc/simportal/*.env /var/lib/simportal /opt/simportal/current/manage.py"
    )
    assert exposed.split() == ["600:root", "640:root", "750:simportal", "664:root"]


MEANWHILE = {7: upgraded_at_work}
AFTER = {2: installed, 3: first_day, 6: restored, 9: keys_changed, 11: short_drill}
