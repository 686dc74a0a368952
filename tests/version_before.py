"""The version before this one, beside which a new one is tried: where the clone has a history, as it was released."""

import shutil
import subprocess

from django.conf import settings

VERSION_BEFORE = "0.11.0"
# Its last migrations.
BEFORE = {
    "billing": "0026_notices_told_each_time",
    "bills": "0001_initial",
    "carriers": "0001_initial",
    "cards": "0052_addresses_of_cards",
    "simportal": "0004_links_by_portal_url",
}


def commit_before():
    """Empty where it is not known."""
    log = ["git", "-C", settings.BASE_DIR, "log", "--format=%H", "--grep", f"^Version {VERSION_BEFORE}$"]
    return shutil.which("git") and subprocess.run(log, capture_output=True, text=True).stdout.strip()
