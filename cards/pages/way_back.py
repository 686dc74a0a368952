"""The way back to where somebody came from: a path of ours, which goes with addresses and forms as `next`."""

from urllib.parse import urlencode, urlsplit

from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

WAY_BACK = "next"


def way_back(request):
    """The path that the address or the form names to come back to; empty where it names none of ours."""
    path = request.POST.get(WAY_BACK) or request.GET.get(WAY_BACK, "")
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, None) else ""


def with_way_back(url, path):
    """An address from which one comes back to this path; the address itself where there is none."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode({WAY_BACK: path})}" if path else url


def go_back(request, to, *args, **kwargs):
    """Back to where somebody came from; to this page or object if they did not say."""
    return redirect(way_back(request)) if way_back(request) else redirect(to, *args, **kwargs)
