"""The keys of one's own customers, for their owners: made, looked at and revoked."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.errors import BadInput, Refused
from cards.models import Customer
from cards.pages.frames import member_required, my_page
from cards.scope import Scope
from simportal.api.actions.keys import make_key, revoke_key
from simportal.api.forms import KeyForm
from simportal.api.models import ApiKey
from simportal.api.pages.key_lines import key_lines


@member_required
@require_safe
def keys(request):
    """The way to the keys of each customer that is one's own: straight where there is only one."""
    owned = list(Customer.objects.filter(pk__in=Scope.of(request.user).owns).order_by("name"))
    if not owned:
        return _only_for_owners(request)
    if len(owned) == 1:
        return redirect("my-api:keys-of", owned[0].pk)
    return my_page(request, "my/api/customers.html", {"customers": owned})


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def keys_of_customer(request, pk):
    """The keys of one customer, and the form of a new one; what it makes is shown by this answer and never again."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if not _is_owned(request, customer.pk):
        return _only_for_owners(request)
    form = KeyForm(request.POST or None, label_suffix="")
    if form.is_valid() and (made := _made(form, customer, request.user)):
        row, shown = made
        return my_page(request, "my/api/key_made.html", {"customer": customer, "key": row, "shown": shown})
    found = ApiKey.objects.filter(customer=customer).select_related("created_by")
    context = {"customer": customer, "form": form, "lines": key_lines(found)}
    return my_page(request, "my/api/keys.html", context, status=422 if form.is_bound else None)


@member_required
@require_POST
def revoke_own_key(request, pk):
    key = get_object_or_404(ApiKey.objects.visible_to(request.user), pk=pk)
    if not _is_owned(request, key.customer_id):
        return _only_for_owners(request)
    if revoke_key(key, by=request.user):
        messages.success(request, _("The key “{name}” is revoked: it opens nothing any more.").format(name=key.name))
    return redirect("my-api:keys-of", key.customer_id)


def _made(form, customer, user):
    """The key and what it is, or None where the form says why not."""
    try:
        return make_key(customer, by=user, **form.values)
    except BadInput as bad:
        form.add_error(bad.field if bad.field in form.fields else None, str(bad.sentence))
    except Refused as refused:
        form.add_error(None, str(refused))
    return None


def _is_owned(request, customer_id):
    return customer_id in Scope.of(request.user).owns


def _only_for_owners(request):
    why = _("Owners decide which programs act for the account.")
    return my_page(request, "my/only_owners.html", {"why": why}, status=403)
