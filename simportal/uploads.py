"""What a form brings along, at the door: refused before any of it is read where it is too large, and in words where the
disk has no room for its files."""

from contextlib import suppress

from django.conf import settings
from django.http import UnreadablePostError
from django.template.defaultfilters import filesizeformat

from cards.faults import fault_of
from cards.pages.frames import asks_of, largest_request_of
from cards.quantities import whole
from simportal.outage import unavailable
from simportal.refusals import TOO_LARGE


def uploads(get_response):
    """Stands before whoever reads the form first, which is Django's own protection of forms."""

    def pass_on(request):
        return get_response(request)

    pass_on.process_view = taken_in
    return pass_on


def taken_in(request, view, args, kwargs):
    """None once the form and its files are here, or the page that says why they are not."""
    try:
        return too_large(request, view) or arriving(request, view)
    except UnreadablePostError:  # whoever sent it has gone
        return None
    except Exception as error:
        if fault := fault_of(error):
            return unavailable(request, fault, error)
        raise


def too_large(request, view):
    """The page that says so, where more is sent than this page takes."""
    size = whole(request.META.get("CONTENT_LENGTH", "")) or 0
    if size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and size > (most := most_taken(request, view)):
        return TOO_LARGE.answer(request, size=filesizeformat(size), most=filesizeformat(most))


def most_taken(request, view):
    """In bytes. Only those who have a permission that the page asks for may send files: anybody can have an account."""
    forms, may_send = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, any(map(request.user.has_perm, asks_of(view)))
    return max(forms, largest_request_of(view)) if may_send else forms


def arriving(request, view):
    """Read the form: its files are written to the disk meanwhile, and half a file is taken away at once."""
    if largest_request_of(view):
        try:
            request.POST  # noqa: B018
        except OSError:
            for handler in request.upload_handlers:
                with suppress(OSError):  # what is still in memory does not fit either
                    handler.upload_interrupted()
            raise
