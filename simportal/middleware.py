"""What is asked of every request before any page sees it."""

from django.http import Http404


def without_nul(get_response):
    """Nothing is found under an address with a NUL in it: PostgreSQL refuses to look for a text that has one."""

    def answer(request):
        if "\x00" in request.path_info:
            raise Http404
        return get_response(request)

    return answer
