"""Addresses that leave the portal: in mail, on labels, in invitations. They begin as `PORTAL_URL` says.

A request's own `Host` is what its sender wrote, so nothing that others will open is made of it.
"""

from django.conf import settings
from django.urls import reverse


def portal_link(page: str, *args: object) -> str:
    """The address of a page, by its name, for people outside; empty where nobody has said where the portal is."""
    return settings.PORTAL_URL and f"{settings.PORTAL_URL}{reverse(page, args=args)}"
