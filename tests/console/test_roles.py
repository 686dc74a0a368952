from importlib import import_module
from types import ModuleType, SimpleNamespace

import pytest
from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection

from simportal.roles import LOOKED_AT, permission, sync_roles
from tests.build import staff

pytestmark = pytest.mark.django_db


def words(text):
    return set(text.split())


LOOKS = words(
    """
    view_card view_cardevent view_cardrequest view_cardtag view_carrierpolicy view_customer view_devicebinding view_job
    view_membership view_plan view_quarantinedreading
    view_realnamecheck view_savedview view_selection view_serviceterm view_sweptday view_tag
    view_usageday view_cardrenewal view_customeraccount view_digest view_entry view_moneyrules view_notice
    view_notification view_order view_orderline view_payment view_posting view_price view_pricetier view_receipt
    view_refund view_unmatchedpayment view_proposal view_termsrecord view_missedrenewal view_donealone
    view_cancellingrules view_payerrefund view_provideraccount view_withdrawal
    view_bill view_billfee view_billline view_payout
    view_carrieraccount view_command view_drift view_line view_pull view_reconciliation
    view_chargeback view_payerrefund view_provideraccount view_withdrawal
    view_apikey
    """
)
OPERATIONS = words(
    """
    suspend_card resume_card activate_card force_activate_card rebind_card submit_real_name_card approve_real_name_card
    reject_real_name_card revoke_real_name_card set_limit_card renew_card unrenew_card top_up_card grant_card
    protect_card unprotect_card swap_card
    cancel_card assign_card unassign_card tag_card untag_card remark_card unpark_card import_card
    sweep_card print_label
    add_carrierpolicy add_customer add_plan change_carrierpolicy change_customer change_plan place_order
    answer_cardrequest decide_quarantinedreading look_at_carrier decide_drift revoke_apikey
    """
)
FINANCE = words(
    """
    settle_bill
    pay_order refund_order adjust_order add_receipt reverse_receipt add_price add_pricetier change_pricetier
    change_customeraccount pay_withdrawal settle_payerrefund
    """
)
EXPECTED = {
    "support": LOOKS
    | words("suspend_card resume_card tag_card untag_card remark_card answer_cardrequest look_at_carrier"),
    "operations": LOOKS | OPERATIONS,
    "finance": LOOKS | FINANCE,
    "carrier_desk": LOOKS | words("place_hold_card lift_hold_card look_at_carrier decide_drift"),
    "auditor": LOOKS | {"view_user", "view_group", "view_auditentry"},
}


def mapping():
    pairs = Group.objects.values_list("name", "permissions__codename")
    return {role: {codename for name, codename in pairs if name == role} for role, _ in pairs}


def test_the_migrations_leave_every_role_with_its_permissions():
    assert mapping() == EXPECTED


def test_a_sync_makes_what_is_missing_and_takes_away_what_is_too_much():
    Group.objects.get(name="auditor").delete()
    Group.objects.get(name="support").permissions.add(Permission.objects.get(codename="cancel_card"))
    sync_roles()
    assert mapping() == EXPECTED


def test_groups_of_other_names_are_left_alone():
    Group.objects.create(name="interns").permissions.add(Permission.objects.get(codename="view_card"))
    call_command("sync_roles", verbosity=0)
    call_command("sync_roles", verbosity=0)
    assert mapping() == EXPECTED | {"interns": {"view_card"}}


def test_who_may_assign_when_the_portal_is_upgraded_may_put_back_in_stock():
    user, other = staff("assign"), staff("suspend", username="other")
    Group.objects.create(name="resellers").permissions.add(Permission.objects.get(codename="assign_card"))
    Permission.objects.get(codename="unassign_card").delete()
    migration = import_module("cards.migrations.0011_unassign")
    for _time in range(2):
        migration.give_to_those_who_assign(apps, SimpleNamespace(connection=connection))
    assert mapping() == EXPECTED | {"resellers": {"assign_card", "unassign_card"}}
    assert [person.has_perm("cards.unassign_card") for person in (user, other)] == [True, False]


def test_who_may_give_any_service_away_when_the_portal_is_upgraded_may_grant():
    user, other = staff("renew", "top_up"), staff("renew", username="other")
    both = Permission.objects.filter(codename__in=["renew_card", "top_up_card"])
    Group.objects.create(name="resellers").permissions.set(both)
    Group.objects.create(name="shops").permissions.set(both.filter(codename="top_up_card"))
    Permission.objects.get(codename="grant_card").delete()
    migration = import_module("cards.migrations.0027_grant")
    for _time in range(2):
        migration.give_to_those_who_renew_and_top_up(apps, SimpleNamespace(connection=connection))
    resellers = {"renew_card", "top_up_card", "grant_card"}
    assert mapping() == EXPECTED | {"resellers": resellers, "shops": {"top_up_card"}}
    assert [person.has_perm("cards.grant_card") for person in (user, other)] == [True, False]


# Machinery, or what a page shows in words of its own: nobody of the staff looks at the rows.
NOT_LOOKED_AT = words(
    """
    simportal.tick simportal.resetasked billing.renewedterm billing.renewalrun billing.announcedrenewal
    simportal.provennight cards.seal cards.eventcursor cards.selectionpart
    cards.jobchunk cards.person cards.stagedfile cards.stagedreading cards.refusedrow cards.statetally cards.usagetally
    cards.fleetfigures cards.auditentry
    carriers.slot carriers.attempt carriers.cyclereading carriers.cyclebase carriers.accountrule carriers.simulatedsim
    """
)


def is_of_a_room(config):
    """Whether an app is one of the three rooms, or lies in one of them."""
    return config.name.split(".")[0] in ("cards", "billing", "simportal")


def viewable(configs):
    models = [model for config in configs if is_of_a_room(config) for model in config.get_models()]
    return {model._meta.label_lower for model in models if "view" in model._meta.default_permissions}


def test_every_model_of_the_rooms_is_looked_at_or_said_not_to_be():
    assert viewable(apps.get_app_configs()) == {*LOOKED_AT} | NOT_LOOKED_AT
    assert NOT_LOOKED_AT.isdisjoint(LOOKED_AT)


def test_an_app_within_a_room_is_of_that_room_and_has_permissions_under_its_own_label():
    nested = ModuleType("cards.carriers")
    nested.__path__ = ["cards/carriers"]
    config = AppConfig("cards.carriers", nested)
    assert (config.label, is_of_a_room(config)) == ("carriers", True)
    assert not is_of_a_room(apps.get_app_config("auth"))
    assert permission("view", "carriers.command") == "carriers.view_command"
