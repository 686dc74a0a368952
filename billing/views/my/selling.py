"""Renewal without an account of one's own enterprises' cards: decided by their owners."""

from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.views.selling import SellingPages
from cards.choices import CustomerKind
from cards.models import Customer
from cards.pages.frames import MY, member_required, my_page
from cards.scope import Scope


class MySelling(SellingPages):
    def customers(self, user):
        return Customer.objects.visible_to(user).filter(kind=CustomerKind.ENTERPRISE)

    def refuse(self, request):
        return _only_for_owners(request)


MY_SELLING = MySelling(MY)


@member_required
@require_safe
def selling(request):
    """The way to the page of each enterprise that is one's own: straight where there is only one."""
    owned = list(Customer.objects.enterprises_owned(Scope.of(request.user)).order_by("name"))
    if not owned:
        return _only_for_owners(request)
    if len(owned) == 1:
        return redirect("buying:selling-of", owned[0].pk)
    return my_page(request, "my/selling_list.html", {"customers": owned})


def _only_for_owners(request):
    why = _("The owners of a company's account decide what people without an account pay.")
    return my_page(request, "my/only_owners.html", {"why": why}, status=403)
