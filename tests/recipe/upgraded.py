"""An upgrade while people work: from the version before, as it was released, to this one, and back again."""

import contextlib
import re
import shlex
import ssl

from tests.bench.databases import ROOT
from tests.recipe.machine import do
from tests.recipe.visitor import NAME
from tests.version_before import BEFORE, commit_before
from tests.visitors import REMARKS, STAFF_AND_CARD, Visitors

RESTART = "systemctl restart simportal-web simportal-worker simportal-beat"
# The folder of what runs gets the code of before, which finds its own tables and static files.
CODE_OF_BEFORE = f"""cd -P /opt/simportal/current
find . -mindepth 1 -maxdepth 1 ! -name .venv ! -name var -exec rm -rf {{}} +
tar -xzf /root/before.tar.gz
DEBUG=1 .venv/bin/python manage.py compile_translations
simportal collectstatic --no-input --verbosity 0
{RESTART}"""


def shell(trial, code):
    """What code of the portal printed last, run as the page's commands are."""
    return trial.machine.says(f"simportal shell --verbosity 0 --command {shlex.quote(code)}").replace("\r", "")


def archive(trial, commit, name, prefix=""):
    made = trial.machine.root / "root" / name
    do("git", "-C", ROOT, "archive", "--format=tar.gz", f"--prefix={prefix}", f"--output={made}", commit)


@contextlib.contextmanager
def upgraded_at_work(trial, section):
    """Visitors ask all the while that the section's blocks run, and each of them is answered."""
    new = re.search(r"simportal-([0-9.]+)\.tar\.gz", section.blocks[0])[1]
    archive(trial, "HEAD", f"simportal-{new}.tar.gz", f"simportal-{new}/")
    archive(trial, commit_before(), "before.tar.gz")
    told = shell(trial, STAFF_AND_CARD)
    for app, name in BEFORE.items():
        trial.run(f"simportal migrate {app} {name} --verbosity 0")
    trial.run(CODE_OF_BEFORE)
    trusted = ssl.create_default_context(cadata=trial.machine.says(f"cat /etc/nginx/{NAME}.pem"))
    trusted.check_hostname = False  # it is reached by its address
    visitors = Visitors(f"https://{trial.machine.address}", told, context=trusted, host=NAME)
    visitors.begin()
    visitors.answered()
    yield
    visitors.answered()
    visitors.end()
    print(f"          {len(visitors.seconds)} answers, the longest {visitors.seconds[-1]:.1f} s: {visitors.statuses}")
    assert visitors.refused == {}
    trial.run(f"ln -sfn {new} /opt/simportal/current; {RESTART}")
    assert int(shell(trial, REMARKS)) == visitors.written
    trial.run("simportal verify")
    trial.everything_is_well()
