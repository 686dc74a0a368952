"""Who can give authority in the admin: each role, and whoever was given a permission over people, with each field."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.forms.models import model_to_dict

from cards.models import Person, StaffInvitation
from cards.people.accounts import person_of
from tests.build import member
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
ROLES = ["support", "operations", "finance", "carrier_desk", "auditor", "keeper"]
PASSWORD = "a lamp in the fog"


def client_of(role):
    """Somebody of this role; the keeper has every permission over people that Django and the portal know."""
    if role != "keeper":
        return of_role(role)
    user = User.objects.create_user("keeper", is_staff=True)
    over_people = Permission.objects.filter(content_type__model__in=["user", "group", "person", "membership"])
    user.user_permissions.set(over_people | Permission.objects.filter(codename="change_customer"))
    return logged_in(user)


def made_people():
    """Whom somebody might want to be: an admin, a colleague, a customer's owner."""
    admin, owner = User.objects.create_superuser("root", email="root@example.cn"), member()
    colleague = User.objects.create_user("colleague", is_staff=True, email="colleague@example.cn")
    colleague.groups.add(Group.objects.get(name="finance"))
    User.objects.filter(pk=owner.pk).update(email="alice@example.cn")
    for user, phone in ((admin, "13800138000"), (owner, "13800138001")):
        Person.objects.filter(pk=person_of(user).pk).update(phone=phone, totp_secret="SECRET")
    return {"admin": admin, "colleague": colleague, "owner": owner}


@pytest.fixture
def people():
    return made_people()


def standing():
    """Everything by which somebody is who they are, and may what they may."""
    return [
        list(
            User.objects.order_by("pk").values_list("pk", "username", "password", "email", "is_staff", "is_superuser")
        ),
        sorted(User.groups.through.objects.values_list("user", "group")),
        sorted(User.user_permissions.through.objects.values_list("user", "permission")),
        sorted(Group.permissions.through.objects.values_list("group", "permission")),
        list(Person.objects.order_by("pk").values_list("user", "phone")),
        list(StaffInvitation.objects.values_list("roles")),
    ]


def posted(user, **values):
    """The form of a user as it stands, with one thing made another."""
    names = ("username", "first_name", "last_name", "email", "is_active", "is_staff", "is_superuser")
    form = {name: value for name, value in model_to_dict(user, fields=names).items() if value is not False}
    return form | {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"} | values


def take_over(client, user, own):
    """(what is tried, address, what is posted): each field and door by which somebody could become more, or another."""
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    change = f"/admin/auth/user/{user.pk}/change/"
    for name, value in {
        **{"is_superuser": "on", "is_staff": "on", "groups": Group.objects.values_list("pk", flat=True)},
        **{"user_permissions": everything, "username": "mine", "email": "mine@example.cn"},
    }.items():
        yield name, change, posted(user, **{name: value})
    new = {"password1": PASSWORD, "password2": PASSWORD}
    yield "password", f"/admin/auth/user/{user.pk}/password/", new
    yield "delete", f"/admin/auth/user/{user.pk}/delete/", {"post": "yes"}
    yield "list", "/admin/auth/user/", {"action": "delete_selected", "_selected_action": user.pk, "post": "yes"}
    people = f"/console/people/{user.pk}"
    for word in ("finance", "admin"):
        yield f"role {word}", f"{people}/roles/", {"roles": word}
        yield f"invitation as {word}", "/console/people/invite/", {"roles": word}
    yield "password link", f"{people}/reset/", {"email": "mine@example.cn"}
    group = Group.objects.get(name="support")
    yield "group", f"/admin/auth/group/{group.pk}/change/", {"name": group.name, "permissions": everything}
    yield "new group", "/admin/auth/group/add/", {"name": "mine", "permissions": everything}


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_a_superuser_raises_or_takes_over_anybody(people, role):
    client = client_of(role)
    own = User.objects.latest("pk")
    before, changed = standing(), []
    for who, user in (*people.items(), ("oneself", own)):
        for what, address, form in take_over(client, user, own):
            client.post(address, form)
            if standing() != before:
                changed.append((who, what))
                before = standing()
    assert changed == []


@pytest.mark.parametrize("role", ROLES)
def test_a_second_step_of_the_staff_is_turned_off_by_superusers_alone(people, role):
    client = client_of(role)
    for user in people.values():
        client.post(f"/console/people/{user.pk}/two-step-off/")
    assert Person.objects.get(user=people["admin"]).totp_secret == "SECRET"
    assert (Person.objects.get(user=people["owner"]).totp_secret == "") == (role == "keeper")


def test_a_superuser_gives_roles(people):
    client, user = superuser(), people["owner"]
    Person.objects.update(totp_secret="")
    newcomer = User.objects.create_user("newcomer")
    finance = Group.objects.get(name="finance")
    form = posted(newcomer, is_staff="on", groups=[finance.pk], email="new@example.cn", username="renamed")
    assert client.post(f"/admin/auth/user/{newcomer.pk}/change/", form).status_code == 302
    newcomer.refresh_from_db()
    assert (newcomer.username, newcomer.is_staff, newcomer.email) == ("newcomer", True, "new@example.cn")
    assert list(newcomer.groups.all()) == [finance]
    page = client.post(f"/admin/auth/user/{user.pk}/change/", posted(user, is_staff="on"), headers=ENGLISH)
    assert "This person is a member of Acme; staff are never members: remove that first." in text(page)
    assert not User.objects.get(pk=user.pk).is_staff


def test_a_keeper_of_people_still_keeps_what_gives_nothing(people):
    user = people["owner"]
    client_of("keeper").post(f"/admin/auth/user/{user.pk}/change/", posted(user, first_name="Alice Li"))
    assert User.objects.get(pk=user.pk).first_name == "Alice Li"
