"""People in the console: the staff with their roles, and customers' people; looked at, invited, shut out and let in."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.audit_log import entries_about
from cards.errors import BadInput
from cards.models import StaffInvitation
from cards.models.invitation import KEEPS_STAFF
from cards.pages.addresses import given, queries_beside
from cards.pages.audit_lines import audit_line
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of
from cards.people import staff
from cards.people.forms import ColleagueForm, StaffRolesForm
from cards.people.members import without_programs
from cards.people.people_filter import BY_USER_NAME, PeopleFilter, people_listed
from cards.people.people_lines import invited_text, other_groups, person_line, roles_told, with_links
from cards.people.staff import KEEPS_ACCOUNTS, RESETS_SECOND_STEPS, may_decide_about
from cards.scope import Scope
from cards.sentences.abilities import told_abilities

SEES_PEOPLE = "auth.view_user"
ENTRIES_OF_PERSON = 10


@permitted(SEES_PEOPLE)
@require_safe
def people_list(request):
    """The staff by their user names, or customers' people; to admins also the invitations that are open."""
    filtered = PeopleFilter(given(request.GET), without_programs(User.objects))
    page = page_of(filtered.qs, ROWS_PER_PAGE, *filtered.cursors, order=BY_USER_NAME, shown_as=people_listed())
    complaints, keeps_staff = filtered.complaints(), request.user.has_perm(KEEPS_STAFF)
    open_invitations = StaffInvitation.objects.open().select_related("by")
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "is_of_customers": filtered.is_of_customers,
        "lines": [person_line(user, may_decide_about(request.user, user, KEEPS_ACCOUNTS)) for user in page.rows],
        "invitations": with_links(open_invitations, "account:join") if keeps_staff else (),
        "keeps_staff": keeps_staff,
        "page": page,
        **queries_beside(page, given(request.GET)),
    }
    return console_page(request, "console/people/list.html", context, status=400 if complaints else None)


@permitted(KEEPS_STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def invite_page(request):
    """The roles in words, and a link for whoever shall have them."""
    form = ColleagueForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        staff.invite_colleague(said["roles"], by=request.user, email=said["email"])
        messages.success(request, invited_text(said["email"]))
        return redirect("console:people")
    context = {
        "form": form,
        "roles": roles_told(request.POST.getlist("roles")),
        "sends_mail": settings.SENDS_MAIL,
    }
    return console_page(request, "console/people/invite.html", context, status=422 if form.errors else None)


@permitted(KEEPS_STAFF)
@require_POST
def revoke_colleague(request, pk):
    if staff.revoke_staff_invitation(get_object_or_404(StaffInvitation, pk=pk), by=request.user):
        messages.success(request, _("The invitation is revoked: its link opens nothing any more."))
    return redirect("console:people")


@permitted(SEES_PEOPLE)
@require_safe
def person_page(request, pk):
    return _page(request, get_object_or_404(people_listed(), pk=pk))


@permitted(KEEPS_STAFF)
@require_POST
def change_staff_roles(request, pk):
    """The roles that are ticked are those that somebody of the staff has from now on."""
    user = get_object_or_404(people_listed(), pk=pk, is_staff=True)
    form = StaffRolesForm(request.POST)
    if not form.is_valid():
        return _page(request, user, complaint=form.errors["roles"][0])
    return _done(request, user, staff.set_roles, _("The roles are saved."), form.cleaned_data["roles"])


@permitted(KEEPS_ACCOUNTS)
@require_POST
def shut_person_out(request, pk):
    told = _("{person} is shut out, and no longer logged in anywhere.")
    return _done(request, _somebody(pk), staff.shut_out, told)


@permitted(KEEPS_ACCOUNTS)
@require_POST
def let_person_in(request, pk):
    return _done(request, _somebody(pk), staff.let_in, _("{person} can log in again."))


@permitted(RESETS_SECOND_STEPS)
@require_POST
def second_step_off(request, pk):
    told = _("Two-step login of {person} is off. Staff set it up again at the next login.")
    return _done(request, _somebody(pk), staff.reset_second_step, told)


def _somebody(pk):
    return get_object_or_404(people_listed(), pk=pk)


def _done(request, user, change, told, *values):
    """Change something of a person, and come back to them; or say why not."""
    try:
        change(user, *values, by=request.user)
    except BadInput as bad:
        return _page(request, user, complaint=str(bad.sentence))
    messages.success(request, told.format(person=user))
    return redirect("console:person", user.pk)


def _page(request, user, complaint=""):
    reader, line = request.user, person_line(user, may_decide_about(request.user, user, KEEPS_ACCOUNTS))
    may, may_not = told_abilities(user.has_perm)
    is_staff = Scope.of(user).is_staff
    context = {
        "person": user,
        "line": line,
        "is_staff": is_staff,
        "complaint": complaint,
        "may": may,
        "may_not": may_not,
        "roles": roles_told(line.roles) if is_staff and line.may_decide else (),
        "other_groups": other_groups(user),
        "may_reset": line.has_second_step and may_decide_about(reader, user, RESETS_SECOND_STEPS),
        "may_mail": line.may_decide and bool(user.email) and Scope.of(user).is_active and settings.SENDS_MAIL,
        "entries": _entries(reader, user),
    }
    return console_page(request, "console/people/person.html", context, status=422 if complaint else None)


def _entries(reader, user):
    """What the audit list says of a person, the newest first, to whoever may read it."""
    if not reader.has_perm("cards.view_auditentry"):
        return ()
    return [audit_line(entry) for entry in entries_about(user)[:ENTRIES_OF_PERSON]]
