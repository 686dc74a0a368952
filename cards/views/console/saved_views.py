"""Saved views: what the card list was asked for, under a name, for its owner or for all staff."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.actions import saved_views as saved
from cards.filters import CardFilter
from cards.models import Card, SavedView
from cards.pages.addresses import list_url
from cards.pages.filter_labels import filter_fields, filter_labels
from cards.pages.frames import CONSOLE, console_page, permitted
from cards.phrases import pair


class NameForm(forms.ModelForm):
    """What a saved view is called, and who is offered it."""

    class Meta:
        model = SavedView
        fields = ["name", "is_shared"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def refuse_name(self):
        self.add_error("name", name_is_taken(self.cleaned_data["name"]))


class ViewForm(NameForm):
    """The same with the view itself: the parameters that stand in its address."""

    class Meta(NameForm.Meta):
        fields = ["name", "is_shared", "query"]
        widgets = {"query": forms.HiddenInput}

    def clean_query(self):
        """A view begins on its first page, and it is worth a name only if the list understands it."""
        params = QueryDict(self.cleaned_data["query"], mutable=True)
        for cursor in ("after", "before"):
            params.pop(cursor, None)
        complaints = list(CardFilter(params, queryset=Card.objects.none()).complaints())
        if complaints:
            raise forms.ValidationError(complaints)
        return params.urlencode()


@dataclass(frozen=True)
class Described:
    """A saved view, and the labels of what it asks for."""

    view: SavedView
    labels: list  # ["State: In use", "Carrier: China Mobile"]
    is_own: bool


@permitted("cards.view_savedview")
@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request):
    """The views that this person has or is offered; what is posted becomes one of them."""
    if request.method == "POST":
        return _save(request, ViewForm(request.POST))
    fields = filter_fields(QueryDict())
    described = [
        Described(
            view=view,
            labels=[pair(label, value) for label, value in filter_labels(fields, QueryDict(view.query))],
            is_own=view.owner_id == request.user.pk,
        )
        for view in offered_to(request.user)
    ]
    return console_page(request, "console/views/list.html", {"described": described})


@permitted("cards.view_savedview")
@require_safe
def views_menu(request):
    """The same views for the menu above the list, which asks for them when it is opened."""
    return render(request, "console/views/_menu.html", {"views": offered_to(request.user)})


@permitted("cards.view_savedview")
@require_safe
def open_view(request, pk):
    """The list as the view has it; what the view asks for and nobody understands any more, the list itself says."""
    return redirect(list_url(QueryDict(get_object_or_404(offered_to(request.user), pk=pk).query), CONSOLE))


@permitted("cards.view_savedview")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_view(request, pk):
    """Another name for an own view, or other people who are offered it."""
    view = _own(request, pk)
    form = NameForm(request.POST or None, instance=view)
    if request.method == "POST" and form.is_valid():
        others = SavedView.objects.filter(owner=view.owner_id).exclude(pk=view.pk)
        if not others.filter(name=form.cleaned_data["name"]).exists():
            saved.change_view(view)
            messages.success(request, _("View “{name}” saved.").format(name=view.name))
            return redirect("console:views")
        form.refuse_name()
    return _form_page(request, form, 422 if form.is_bound else 200, view=view)


@permitted("cards.view_savedview")
@require_POST
def delete_view(request, pk):
    view = _own(request, pk)
    saved.discard_view(view)
    messages.success(request, _("View “{name}” deleted.").format(name=view.name))
    return redirect("console:views")


def offered_to(user):
    """The views that the user saved, and those that others share."""
    return SavedView.objects.filter(Q(owner=user) | Q(is_shared=True)).select_related("owner")


def name_is_taken(name):
    return _("You already have a view called “{name}”.").format(name=name)


def _save(request, form):
    if not form.is_valid():
        return _form_page(request, form, 422)
    name, contents = form.cleaned_data["name"], {key: form.cleaned_data[key] for key in ("query", "is_shared")}
    view = saved.keep(request.user, name, contents, replaces="replace" in request.POST)
    if contents != {key: getattr(view, key) for key in contents}:
        return _form_page(request, form, 409, taken=name_is_taken(name))
    messages.success(request, _("View “{name}” saved.").format(name=name))
    return redirect(list_url(QueryDict(view.query), CONSOLE))


def _form_page(request, form, status, **context):
    return console_page(request, "console/views/form.html", {"form": form, **context}, status=status)


def _own(request, pk):
    return get_object_or_404(SavedView, pk=pk, owner=request.user)
