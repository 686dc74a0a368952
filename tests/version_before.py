"""The version before this one, beside which a new one is tried: where the clone has a history, as it was released."""

import shutil
import subprocess

from django.conf import settings

VERSION_BEFORE = "0.13.0"
# Its last migrations.
BEFORE = {
    "billing": "0028_merging",
    "bills": "0002_fewer_indexes",
    "carriers": "0002_swap",
    "cards": "0066_names_sims",
    "simportal": "0004_links_by_portal_url",
}


def commit_before():
    """Empty where it is not known."""
    log = ["git", "-C", settings.BASE_DIR, "log", "--format=%H", "--grep", f"^Version {VERSION_BEFORE}$"]
    return shutil.which("git") and subprocess.run(log, capture_output=True, text=True).stdout.strip()
