"""Who acts for a customer: seen by all members, changed by its owners."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.choices import ROLES_OF_PEOPLE
from cards.errors import BadInput
from cards.links import portal_link
from cards.models import Customer, Invitation, Membership
from cards.pages.frames import member_required, my_page
from cards.people.forms import RoleForm
from cards.people.members import invite_member, remove_member, revoke_invitation, set_role
from cards.scope import Scope


@member_required
@require_safe
def members(request):
    """The members of each of one's customers; for owners also the invitations that are open, with their links."""
    scope = Scope.of(request.user)
    owned, customers = scope.owns, Customer.objects.within(scope).order_by("name")
    entries = [(customer, customer.pk in owned, *_of(customer, owned)) for customer in customers]
    return my_page(request, "my/members.html", {"entries": entries, "roles": ROLES_OF_PEOPLE, "form": RoleForm()})


@member_required
@require_POST
def invite(request, pk):
    """A link by which somebody joins a customer as what was chosen."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if customer.pk not in Scope.of(request.user).owns:
        return _only_owners(request)
    invite_member(customer, _role(request), by=request.user)
    messages.success(request, _("Invitation created: copy the link below and send it."))
    return redirect("my:members")


@member_required
@require_POST
def revoke(request, pk):
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user), pk=pk)
    if invitation.customer_id not in Scope.of(request.user).owns:
        return _only_owners(request)
    revoke_invitation(invitation, by=request.user)
    return redirect("my:members")


@member_required
@require_POST
def change_role(request, pk):
    return _change(request, pk, set_role, _role(request))


@member_required
@require_POST
def remove(request, pk):
    return _change(request, pk, remove_member)


def _of(customer, owned):
    """The members of a customer, and what is open of its invitations for its owners, each with its link."""
    memberships = customer.memberships.of_people().select_related("user").order_by("pk")
    if customer.pk not in owned:
        return memberships, []
    invitations = customer.invitations.open().select_related("by")
    return memberships, [(each, portal_link("my:join", secret=each.token)) for each in invitations]


def _change(request, pk, change, *values):
    """Change a membership of one's own customer, or say why not."""
    membership = get_object_or_404(Membership.objects.of_people().visible_to(request.user), pk=pk)
    if membership.customer_id not in Scope.of(request.user).owns:
        return _only_owners(request)
    try:
        change(membership, *values, by=request.user)
    except BadInput as bad:
        messages.error(request, str(bad.sentence))
    return redirect("my:members")


def _only_owners(request):
    return my_page(request, "my/only_owners.html", status=403)


def _role(request):
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    return form.cleaned_data["role"]
