"""Webhooks of one's own customers: their owners say where events are sent, see what became of each, and send anew."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cards.errors import BadInput
from cards.forms import say_at_field
from cards.models import Customer
from cards.pages.frames import member_required, my_page
from cards.scope import Scope
from simportal.api.actions import endpoints
from simportal.api.actions.public_addresses import LONGEST_URL
from simportal.api.choices import EVENTS_TO_CHOOSE
from simportal.api.errors import HookRefused
from simportal.api.models import Delivery, Endpoint
from simportal.api.pages.delivery_lines import delivery_lines
from simportal.api.pages.verifying import VERIFYING


class WebhookForm(forms.Form):
    """Where events are sent, and which."""

    url = forms.CharField(
        label=pgettext_lazy("webhook", "URL"),
        max_length=LONGEST_URL,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=gettext_lazy("https, port 443 or 8443, at a public address."),
    )
    types = forms.MultipleChoiceField(
        label=pgettext_lazy("webhook", "Events"),
        choices=[(kind.value, kind.label) for kind in EVENTS_TO_CHOOSE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them."),
    )
    with_card = forms.BooleanField(label=gettext_lazy("Send the whole card with each event of a card"), required=False)


@member_required
@require_safe
def webhook_list(request):
    """The webhooks of each customer of which one is an owner."""
    return _list(request) if Scope.of(request.user).owns else _only_owners(request)


@member_required
@require_POST
def webhook_add(request, pk):
    """A new webhook of a customer."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    if customer.pk not in Scope.of(request.user).owns:
        return _only_owners(request)
    form = WebhookForm(request.POST, label_suffix="", prefix=f"c{customer.pk}")
    endpoint = _kept(form, endpoints.add_endpoint, customer, by=request.user)
    if endpoint is None:
        return _list(request, {customer.pk: form})
    messages.success(request, _("Webhook added: here is the secret by which your program verifies what comes."))
    return redirect("webhooks:endpoint", endpoint.pk)


@member_required
@require_safe
def webhook_page(request, pk):
    """A webhook, and the last hundred deliveries."""
    endpoint = _endpoint(request, pk)
    return _page(request, endpoint) if _is_owner(request, endpoint) else _only_owners(request)


@member_required
@require_POST
def webhook_change(request, pk):
    """Another URL, or other events."""
    endpoint = _endpoint(request, pk)
    if not _is_owner(request, endpoint):
        return _only_owners(request)
    form = WebhookForm(request.POST, label_suffix="")
    if _kept(form, endpoints.change_endpoint, endpoint, by=request.user) is None:
        return _page(request, endpoint, form)
    messages.success(request, _("Saved."))
    return redirect("webhooks:endpoint", pk)


@member_required
@require_POST
def webhook_switch(request, pk):
    """Off, or on again with or without what it missed."""

    def switched(endpoint):
        if request.POST.get("to") == "off":
            endpoints.switch_off(endpoint, by=request.user)
        else:
            endpoints.switch_on(endpoint, by=request.user, sends_missed=request.POST.get("to") == "missed")

    return _done(request, pk, switched)


@member_required
@require_POST
def webhook_test(request, pk):
    """Send it an event that says nothing."""
    return _done(request, pk, endpoints.send_test, _("The test is on its way: load this page anew in a moment."))


@member_required
@require_POST
def webhook_rotate(request, pk):
    """A new secret; for a day the former one signs too."""
    return _done(request, pk, lambda endpoint: endpoints.rotate_secret(endpoint, by=request.user))


@member_required
@require_POST
def webhook_delete(request, pk):
    """It is told nothing any more."""
    endpoint = _endpoint(request, pk)
    if not _is_owner(request, endpoint):
        return _only_owners(request)
    endpoints.remove_endpoint(endpoint, by=request.user)
    messages.success(request, _("Webhook deleted."))
    return redirect("webhooks:list")


@member_required
@require_POST
def delivery_again(request, pk):
    """Send a delivery anew."""
    visible = Delivery.objects.filter(endpoint__in=Endpoint.objects.visible_to(request.user))
    delivery = get_object_or_404(visible.select_related("endpoint"), pk=pk)
    return _done(request, delivery.endpoint_id, lambda _endpoint: endpoints.send_anew(delivery))


def _list(request, forms_sent=None):
    owned = Customer.objects.filter(pk__in=Scope.of(request.user).owns, merged_into=None).order_by("name")
    sent = forms_sent or {}
    entries = [
        (
            customer,
            Endpoint.objects.filter(customer=customer),
            sent.get(customer.pk) or WebhookForm(label_suffix="", prefix=f"c{customer.pk}"),
        )
        for customer in owned
    ]
    return my_page(request, "my/webhooks/list.html", {"entries": entries})


def _page(request, endpoint, form=None):
    values = {"url": endpoint.url, "types": endpoint.types, "with_card": endpoint.with_card}
    try:
        secret = endpoints.secret_of(endpoint)
    except BadInput:
        secret = ""
    context = {
        "endpoint": endpoint,
        "form": form or WebhookForm(initial=values, label_suffix=""),
        "secret": secret,
        "lines": delivery_lines(endpoint),
        "verifying": VERIFYING.items(),
    }
    return my_page(request, "my/webhooks/endpoint.html", context)


def _kept(form, action, *about, by):
    """What the action made of a form; None where the form says what is wrong."""
    if not form.is_valid():
        return None
    try:
        return action(*about, by=by, **form.cleaned_data)
    except BadInput as bad:
        say_at_field(form, bad)
    except HookRefused as refused:
        form.add_error(None, str(refused))
    return None


def _done(request, pk, action, said=""):
    """Do something with a webhook of one's own, or say why not, and show it again."""
    endpoint = _endpoint(request, pk)
    if not _is_owner(request, endpoint):
        return _only_owners(request)
    try:
        action(endpoint)
    except (BadInput, HookRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said or _("Done."))
    return redirect("webhooks:endpoint", pk)


def _endpoint(request, pk):
    return get_object_or_404(Endpoint.objects.visible_to(request.user).select_related("customer"), pk=pk)


def _is_owner(request, endpoint):
    return endpoint.customer_id in Scope.of(request.user).owns


def _only_owners(request):
    why = _("Owners decide where events of the account are sent.")
    return my_page(request, "my/only_owners.html", {"why": why}, status=403)
