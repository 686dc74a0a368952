"""Where a visitor comes from, for what is recorded while their request is answered."""

from cards.actions.audit import visited_from
from cards.visitors import visitor_address


def visits(get_response):
    def answer(request):
        with visited_from(visitor_address(request.META)):
            return get_response(request)

    return answer
