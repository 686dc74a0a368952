"""What each view of the console asks: one table, to which the views, the menu and what they answer are held."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import get_resolver

from cards.pages.frames import asks_of
from simportal.admin_site import SECTIONS
from simportal.find import FINDS_ANYTHING
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


def one_each(permission, *names):
    return dict.fromkeys(names, (permission,))


ASKED = {
    **one_each("cards.view_card", "dashboard", "console:card-list", "console:card-export", "console:card-unknown"),
    **one_each("cards.view_card", "console:names", "console:card", "console:card-act", "console:queues"),
    **one_each("cards.view_card", "console:selection-export", "console:job-file"),
    "find": FINDS_ANYTHING,
    **one_each("cards.view_customer", "console:customer-meant", "money:customer-list", "money:customer"),
    **one_each("cards.change_customer", "money:customer-master-data", "money:customer-merge"),
    **one_each("cards.view_selection", "console:select", "console:selection", "console:selection-name"),
    **one_each("cards.print_label", "console:selection-labels"),
    **one_each("cards.view_savedview", "console:views", "console:views-menu", "console:view"),
    **one_each("cards.view_savedview", "console:view-edit", "console:view-delete"),
    **one_each("cards.view_job", "console:job-list", "console:job", "console:job-progress", "console:job-failures"),
    **one_each("cards.view_job", "console:job-start", "console:job-stop", "console:job-reopen", "console:job-cards"),
    **one_each("cards.view_job", "console:job-columns", "console:job-follow", "console:job-step"),
    **one_each("cards.view_job", "console:import-report"),
    **one_each("cards.import_card", "console:imports", "console:import-template"),
    **one_each("cards.view_cardrequest", "console:requests", "console:request"),
    **one_each("cards.answer_cardrequest", "console:request-answer", "console:request-close"),
    **one_each("cards.view_quarantinedreading", "console:quarantine"),
    **one_each("cards.decide_quarantinedreading", "console:quarantine-decide"),
    **one_each("cards.view_sweptday", "console:sweep"),
    **one_each("cards.view_realnamecheck", "console:real-name"),
    "console:real-name-decide": ("cards.approve_real_name_card", "cards.reject_real_name_card"),
    **one_each("cards.view_auditentry", "console:log", "console:log-file"),
    **one_each("auth.view_user", "console:people", "console:person"),
    **one_each("cards.keep_staff", "console:colleague-invite", "console:colleague-revoke", "console:person-roles"),
    **one_each("auth.change_user", "console:person-shut-out", "console:person-let-in", "send-reset"),
    **one_each("cards.change_person", "console:person-two-step-off"),
    **one_each("cards.add_membership", "console:customer-invite", "console:customer-revoke"),
    **one_each("cards.change_membership", "console:customer-member-role"),
    **one_each("cards.delete_membership", "console:customer-member-remove"),
    "data-of-person": ("cards.export_person", "cards.erase_person"),
    **one_each("cards.export_person", "file-of-person"),
    **one_each("cards.erase_person", "delete-person"),
    **one_each("cards.unpark_card", "console:unpark"),
    **one_each("cards.sweep_card", "console:release"),
    **one_each("billing.view_order", "money:order-list", "money:order", "money:order-of-job", "money:order-lines"),
    **one_each("billing.view_order", "money:order-print", "money:order-place", "money:order-renewed"),
    **one_each("billing.view_order", "money:order-pay", "money:order-pay-online", "money:order-withdraw"),
    **one_each("billing.view_order", "money:orders-together", "money:orders-together-step"),
    **one_each("billing.view_order", "money:not-paid", "money:not-paid-csv", "money:missed-renewals"),
    **one_each("billing.view_order", "money:missed-renewals-csv", "money:auto-renewals", "money:margin"),
    **one_each("billing.view_order", "money:margin-csv", "money:grants", "money:grants-csv", "money:at-risk"),
    **one_each("billing.place_order", "money:order-new", "money:order-go-on", "money:order-again"),
    **one_each("billing.place_order", "money:order-refund"),
    **one_each("billing.view_order", "money:order-csv"),
    **one_each("billing.view_proposal", "money:approvals-csv"),
    **one_each("billing.view_unmatchedpayment", "money:unmatched-csv"),
    **one_each("billing.view_withdrawal", "money:withdrawal-csv"),
    **one_each("cards.view_customer", "money:customer-csv"),
    **one_each("cards.view_job", "console:job-csv"),
    **one_each("cards.view_cardrequest", "console:request-csv"),
    **one_each("cards.view_quarantinedreading", "console:quarantine-csv"),
    **one_each("cards.view_realnamecheck", "console:real-name-csv"),
    **one_each("bills.view_billline", "bills:queue-csv"),
    **one_each("carriers.view_drift", "carriers:drift-csv"),
    "money:not-paid-step": ("billing.place_order", "cards.unassign_card"),
    **one_each("billing.adjust_order", "money:order-approve", "money:customer-adjust"),
    **one_each("billing.view_refund", "money:refund"),
    **one_each("billing.refund_order", "money:refund-step"),
    **one_each("billing.view_proposal", "money:approvals", "money:proposal", "money:proposal-step"),
    **one_each("billing.view_receipt", "money:receipt-list", "money:receipt", "money:receipt-print"),
    **one_each("billing.add_receipt", "money:receipt-new", "money:unmatched-assign"),
    **one_each("billing.add_receipt", "money:unmatched-give-back", "money:unmatched-take-back"),
    **one_each("billing.reverse_receipt", "money:receipt-reverse"),
    **one_each("billing.view_unmatchedpayment", "money:unmatched-list", "money:unmatched"),
    **one_each("billing.view_payerrefund", "money:payer-refund-list", "money:payer-refund-csv", "money:payer-refund"),
    **one_each("billing.settle_payerrefund", "money:payer-refund-again", "money:payer-refund-by-bank"),
    **one_each("billing.settle_payerrefund", "money:payer-refund-keep", "money:payment-charged-back"),
    **one_each("billing.settle_payerrefund", "money:chargeback-won"),
    **one_each("billing.view_withdrawal", "money:withdrawal-list", "money:withdrawal"),
    **one_each("billing.pay_withdrawal", "money:withdrawal-paid", "money:withdrawal-back", "money:customer-withdraw"),
    **one_each("billing.view_payment", "money:payment"),
    **one_each("billing.view_customeraccount", "money:statement", "money:statement-csv", "money:statement-print"),
    **one_each("billing.change_customeraccount", "money:customer-agreement", "money:customer-notices"),
    **one_each("billing.change_customeraccount", "money:card-auto-renew"),
    **one_each("billing.view_notice", "money:notice-list"),
    **one_each("billing.view_price", "money:prices"),
    **one_each("billing.view_termsrecord", "money:terms", "money:terms-csv"),
    **one_each("bills.view_bill", "bills:bills", "bills:bill", "bills:bill-lines"),
    **one_each("bills.view_billline", "bills:queue", "bills:line"),
    **one_each("bills.view_payout", "bills:payouts"),
    **one_each("bills.settle_bill", "bills:upload", "bills:fetch", "bills:line-settle", "bills:line-ask"),
    **one_each("carriers.view_carrieraccount", "carriers:accounts", "carriers:account"),
    **one_each("carriers.view_drift", "carriers:drift"),
    **one_each("carriers.view_command", "carriers:card-orders", "carriers:by-hand", "carriers:job-orders"),
    **one_each("billing.add_receipt", "money:unmatched-send-back"),
    **one_each("billing.view_provideraccount", "money:providers", "money:provider"),
    **one_each("billing.add_price", "money:selling-of", "money:selling-price", "money:selling-switch"),
    **one_each("billing.change_provideraccount", "money:provider-new", "money:provider-edit"),
    **one_each("billing.pay_order", "money:provider-try"),
    **one_each("carriers.change_carrieraccount", "carriers:account-new", "carriers:account-edit"),
    **one_each("carriers.look_at_carrier", "carriers:line-step", "carriers:account-try"),
    "carriers:real-name-link": ("carriers.look_at_carrier",),
    **one_each("carriers.decide_drift", "carriers:retiring-step", "carriers:drift-decide"),
    **one_each("carriers.decide_drift", "carriers:release-comparison"),
    **one_each("api.view_apikey", "console-api:keys"),
    **one_each("api.revoke_apikey", "console-api:key-revoke"),
}
SUPERUSERS_ALONE = {
    "billing.change_provideraccount",
    "carriers.change_carrieraccount",
    "cards.keep_staff",
}  # permissions that nobody can be given
# What the menu leads to only for those who have something to do there.
NARROWER = {
    "money:unmatched-list": "billing.add_receipt",
    "money:payer-refund-list": "billing.settle_payerrefund",
    "money:withdrawal-list": "billing.pay_withdrawal",
}


def views(resolver=None, namespace="", route=""):
    """(name, address, view) of everything below /console/ and /admin/; what stands in an address is made up."""
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = route + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace, whole)
        elif whole.startswith(("console/", "admin/")):
            address = re.sub(r"<int:\w+>", "1", re.sub(r"<(?:str|path):\w+>|<\w+>", "x", whole))
            address = re.sub(r"\^\(\?P<app_label>.*", "cards/", address).replace("(?P<url>.*)$", "nowhere")
            yield f"{namespace}{pattern.name}", f"/{address}", pattern.callback


CONSOLE_VIEWS = [(name, address, view) for name, address, view in views() if address.startswith("/console/")]


def with_permissions(*names):
    user = User.objects.create_user(f"somebody{User.objects.count()}", is_staff=True)
    wanted = {tuple(name.split(".")) for name in names}
    known = Permission.objects.select_related("content_type")
    user.user_permissions.set([each for each in known if (each.content_type.app_label, each.codename) in wanted])
    return logged_in(user)


def answers(client, address):
    """How a look and a change are answered."""
    return [client.get(address).status_code, client.post(address).status_code]


def test_each_view_asks_what_the_table_says():
    assert {name: asks_of(view) for name, _address, view in CONSOLE_VIEWS} == ASKED


def test_the_menu_leads_to_what_may_be_looked_at():
    entries = {name: permission for _title, links in SECTIONS for _text, name, permission in links}
    console = {name: (permission,) for name, permission in entries.items() if not name.startswith("admin:")}
    assert console == {name: (NARROWER[name],) if name in NARROWER else ASKED[name] for name in console}
    assert set(NARROWER) <= set(console)
    assert None not in entries.values()


def test_whoever_has_every_permission_but_that_of_a_view_is_refused():
    everything = [f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()]
    for asked in sorted(set(ASKED.values())):
        client = with_permissions(*set(everything) - set(asked))
        found = {name: answers(client, address) for name, address, _view in CONSOLE_VIEWS if ASKED[name] == asked}
        assert set(map(tuple, found.values())) == {(403, 403)}, found


def test_whoever_has_that_alone_gets_past_the_door():
    for asked in sorted(set(ASKED.values()) - {(name,) for name in SUPERUSERS_ALONE}):
        client = with_permissions(asked[0])
        for name, address, _view in CONSOLE_VIEWS:
            if ASKED[name] == asked:
                assert client.get(address).status_code in (200, 302, 400, 404, 405), name


OPEN_TO_STAFF = {"admin:login", "admin:logout"}


def test_staff_without_a_role_find_every_door_of_console_and_admin_shut():
    client = with_permissions()
    doors = [(name, address) for name, address, _view in views() if name not in OPEN_TO_STAFF]
    assert {name: answers(client, address) for name, address in doors} == {name: [403, 403] for name, _ in doors}


def test_staff_without_a_role_are_told_so_and_keep_their_own_account():
    client = with_permissions()
    page = client.get("/", headers=ENGLISH)
    said = "You have no role yet" in text(page), 'href="/account/"' in text(page)
    assert (page.status_code, said) == (403, (True, True))
    assert [client.get(f"/account/{path}").status_code for path in ("", "password/", "two-factor/")] == [200] * 3
    assert client.post("/logout/").status_code == 302
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("permissions", "door"),
    [
        (["billing.view_receipt"], "/console/receipts/"),
        (["cards.view_card", "billing.view_receipt"], "/console/"),
        (["auth.view_user"], "/console/people/"),
    ],
)
def test_home_is_the_first_page_that_somebody_may_see(permissions, door):
    client = with_permissions(*permissions)
    assert (client.get("/")["Location"], client.get(door).status_code) == (door, 200)


def test_who_has_a_role_and_is_refused_is_told_to_ask_those_who_may():
    page = of_role("support").get("/console/imports/", headers=ENGLISH)
    assert (page.status_code, "You have no role yet" in text(page), "Your role does not" in text(page)) == (
        403,
        False,
        True,
    )


def test_superusers_need_no_permission():
    client = superuser()
    refused = [name for name, address, _view in CONSOLE_VIEWS if client.get(address).status_code == 403]
    assert refused == []
