"""What the console shows of people: their roles in words, how they get in, and the invitations that are open."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from cards.choices import ROLES_OF_PEOPLE, MemberRole, StaffRole
from cards.links import portal_link
from cards.models import Membership
from cards.models.invitation import GIVES_MEMBERSHIPS
from cards.people.staff import GROUP_ROLES, roles_of
from cards.sentences.abilities import told_abilities


@dataclass(frozen=True)
class RoleTold:
    """A role, what it may and may not in words, and whether somebody has it."""

    role: str
    label: str
    may: list
    may_not: list
    is_chosen: bool


@dataclass(frozen=True)
class PersonLine:
    """Somebody in the list, and which buttons stand there."""

    user: object
    roles: list
    memberships: list
    has_second_step: bool
    may_decide: bool


def roles_told(chosen=()):
    """All roles, as the database has their groups."""
    asked = _asked_by_role()
    return [RoleTold(role, label, *told_abilities(asked[role]), role in chosen) for role, label in StaffRole.choices]


def told_together(roles):
    """What somebody with all of these roles may and may not."""
    asked = [has for role, has in _asked_by_role().items() if role in roles]
    return told_abilities(lambda permission: any(has(permission) for has in asked))


def person_line(user, may_decide):
    person = getattr(user, "person", None)
    memberships = list(user.memberships.all())
    return PersonLine(user, roles_of(user), memberships, bool(person and person.has_second_factor), may_decide)


def invited_text(email):
    """What is said once somebody is invited; `email` is where the invitation goes, empty where it is not mailed."""
    if email:
        return _("The invitation is on its way to {email}. Its link also stands below.").format(email=email)
    return _("Invitation created: copy the link below and send it.")


def other_groups(user):
    """The names of the groups that somebody is in besides those of the roles."""
    return sorted(group.name for group in user.groups.all() if group.name not in StaffRole.values)


def with_links(invitations, page):
    """(invitation, its link) of each that is open."""
    return [(invitation, portal_link(page, secret=invitation.token)) for invitation in invitations]


def members_shown(customer, reader):
    """What the console's page of a customer shows of its members, and the open invitations to whoever gives them."""
    gives = reader.has_perm(GIVES_MEMBERSHIPS)
    invitations = customer.invitations.open().select_related("by") if gives else ()
    memberships = (
        Membership.objects.of_people().filter(customer=customer).select_related("user").order_by("user__username")
    )
    return {
        "memberships": memberships,
        "member_invitations": with_links(invitations, "my:join"),
        "may_invite_members": gives,
        "member_roles": [(role, role.label) for role in ROLES_OF_PEOPLE],
        "new_member_role": MemberRole.OPERATOR if memberships else MemberRole.OWNER,
        "sends_mail": settings.SENDS_MAIL,
    }


def _asked_by_role():
    """For each role, whether it has a permission."""
    groups = Group.objects.filter(name__in=GROUP_ROLES).prefetch_related("permissions__content_type")
    given = {group.name: {_name(permission) for permission in group.permissions.all()} for group in groups}
    asked = {role: given.get(role, frozenset()).__contains__ for role in GROUP_ROLES}
    return asked | {StaffRole.ADMIN.value: lambda _permission: True}


def _name(permission):
    return f"{permission.content_type.app_label}.{permission.codename}"
