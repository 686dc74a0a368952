"""A customer's members on its page in the console: invited, changed and removed by who gives memberships, which no role
does: with a customer's owner goes its wallet."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cards.errors import BadInput
from cards.models import Customer, Invitation, Membership
from cards.models.invitation import GIVES_MEMBERSHIPS
from cards.pages.frames import CONSOLE, permitted
from cards.people.forms import MailedRoleForm
from cards.people.members import invite_member, remove_member, revoke_invitation, set_role
from cards.people.people_lines import invited_text


@permitted(GIVES_MEMBERSHIPS)
@require_POST
def invite_to_customer(request, pk):
    """A link by which somebody joins the customer as what was chosen; mailed, where there is an address."""
    customer, form = get_object_or_404(Customer.objects.living(), pk=pk), MailedRoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return _back(pk)
    email = form.cleaned_data["email"]
    invite_member(customer, form.cleaned_data["role"], by=request.user, email=email)
    messages.success(request, invited_text(email))
    return _back(pk)


@permitted(GIVES_MEMBERSHIPS)
@require_POST
def revoke_of_customer(request, pk):
    invitation = get_object_or_404(Invitation, pk=pk)
    if revoke_invitation(invitation, by=request.user):
        messages.success(request, _("The invitation is revoked: its link opens nothing any more."))
    return _back(invitation.customer_id)


@permitted("cards.change_membership")
@require_POST
def change_of_customer(request, pk):
    membership, form = get_object_or_404(Membership.objects.of_people(), pk=pk), MailedRoleForm(request.POST)
    if form.is_valid():
        return _decided(request, membership, set_role, form.cleaned_data["role"])
    messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
    return _back(membership.customer_id)


@permitted("cards.delete_membership")
@require_POST
def remove_of_customer(request, pk):
    return _decided(request, get_object_or_404(Membership.objects.of_people(), pk=pk), remove_member)


def _decided(request, membership, change, *values):
    try:
        change(membership, *values, by=request.user)
    except BadInput as bad:
        messages.error(request, str(bad.sentence))
    return _back(membership.customer_id)


def _back(customer):
    return redirect(f"{CONSOLE.money_url('customer', customer)}#members")
