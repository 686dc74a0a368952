"""How much a form may send: refused at the door, before any of it is read, let alone written to the disk."""

from django.conf import settings
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from cards.pages.frames import largest_request_of


def body_limit(get_response):
    """Stands before whoever reads the form first, which is Django's own protection of forms."""

    def pass_on(request):
        return get_response(request)

    pass_on.process_view = too_large
    return pass_on


def too_large(request, view, args, kwargs):
    """The page that says so, where more is sent than this page takes."""
    sent = request.META.get("CONTENT_LENGTH", "")
    size = int(sent) if sent.isdecimal() else 0
    if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and size > (most := most_taken(request, view)):
        sizes = {"size": filesizeformat(size), "most": filesizeformat(most)}
        return render(request, "413.html", sizes, status=413)


def most_taken(request, view):
    """In bytes. Visitors whom nobody knows send no files."""
    forms = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return max(forms, largest_request_of(view)) if request.user.is_authenticated else forms
