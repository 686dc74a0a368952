"""Addresses that leave the portal: in mail, on labels, in invitations. They begin as `PORTAL_URL` says.

A request's own `Host` is what its sender wrote, so nothing that others will open is made of it. A link's secret stands
behind its `#`, which browsers send to no server: no log has it. A page that such a link opens has it posted.
"""

from django.conf import settings
from django.urls import reverse


def portal_link(page: str, *args: object, secret: str = "") -> str:
    """The address of a page, by its name, for people outside; empty where nobody has said where the portal is."""
    behind = f"#{secret}" if secret else ""
    return settings.PORTAL_URL and f"{settings.PORTAL_URL}{reverse(page, args=args)}{behind}"


def secret_in(link: str) -> str:
    """The secret of a link as a script posts it, or as people paste it, wholly or in part."""
    return link.strip().rpartition("#")[2]
