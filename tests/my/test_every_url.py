"""Every URL of the portal, walked by everybody: what each may is one table, and everything else is refused.

Refused means 401, 403, 404, the login page or, of those who may use it otherwise, the wrong method. Whatever has an
owner in the table belongs to Acme and its owner, or to one member of the staff; the others try it all the same.
What they find there is read too: a plan's code never stands without what people call the plan, and no customer reads
what staff are called or write for themselves.
"""

import re
import uuid
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import SimpleCookie
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from billing.actions import orders, payments, receipts, refunds
from billing.actions.chargebacks import record_chargeback
from billing.actions.withdrawals import ask_withdrawal, payee_account
from billing.bills.models import Bill
from billing.guest.actions.finding import seek_number
from billing.models import Order, PriceTier, ProviderAccount, UnmatchedPayment
from billing.payments import local
from cards.actions.jobs import control, worker
from cards.actions.requests import answer, open_request
from cards.actions.selections import freeze_ids
from cards.choices import JobKind, JobStatus
from cards.models import CardRequest, CarrierPolicy, Job, Plan, QuarantinedReading, SavedView, SweptDay, Tag
from cards.people.members import invite_member
from cards.people.staff import invite_colleague
from cards.permissions import Actor
from simportal.api.actions.endpoints import add_endpoint, send_test
from simportal.api.actions.keys import make_key
from tests.billing import build
from tests.build import SHELL, card_in_use, do, member, on_day, open_card
from tests.carriers.rows import an_account, on_account
from tests.console.pages import logged_in
from tests.guest.build import token_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)

NOBODY = frozenset()
LOOKERS, OWNER = frozenset({"viewer", "operator", "owner"}), frozenset({"owner"})
ACTING = frozenset({"operator", "owner"})
CUSTOMERS = LOOKERS | {"owner of another"}
ADMIN, OPS = frozenset({"admin"}), frozenset({"operations", "admin"})
SUPPORT, AUDIT = OPS | {"support"}, ADMIN | {"auditor"}
STAFF = SUPPORT | {"finance", "carrier_desk", "auditor"}
PERSONS = CUSTOMERS | STAFF
WITH_ACCOUNT = PERSONS | {"no role"}  # of the staff too, who may do nothing else
EVERYBODY = WITH_ACCOUNT | {"anonymous"}
FINANCE, ORDERING = frozenset({"finance", "admin"}), OPS
STAFFS_OWN, FOR_CUSTOMERS = "staffs-own", "for-customers"  # stands in what staff are called and note; in what they tell
FOR_MEMBERS = ("home", "my:", "my-api:", "buying:", "webhooks:", "pay:", "account:")
FILED_BY = frozenset({"operations"})  # what the member of the staff called so has made for themselves


@dataclass(frozen=True)
class Row:
    """Who may look (GET) and who may change something (POST); what stands in the URL, and what is posted."""

    look: frozenset = NOBODY
    change: frozenset = NOBODY
    url: dict = field(default_factory=dict)
    data: dict = field(default_factory=dict)


def row(look=NOBODY, change=NOBODY, data=None, **url):
    return Row(look, change, url, data or {})


def kept(name, look, keep, remove=NOBODY, edit=None):
    """The rows of a model in the admin: who looks, who adds and changes, who removes."""
    path, url = f"admin/{name.replace('_', '/')}/", {"object_id": name}
    return {
        f"admin:{name}_changelist": row(look, look),
        f"admin:{name}_add": row(keep, keep),
        f"admin:{name}_history": row(look, look, **url),
        f"admin:{name}_delete": row(remove, remove, **url),
        f"admin:{name}_change": row(look, keep if edit is None else edit, **url),
        f"{path}<path:object_id>/": row(STAFF, STAFF, **url),  # it only leads to the page of the change
    }


TABLE = {
    "home": row(PERSONS, PERSONS),
    "find": row(STAFF, STAFF),
    "healthz": row(EVERYBODY, EVERYBODY),
    "readyz": row(EVERYBODY, EVERYBODY),
    "metrics": row(),  # only for who has the token
    "set_language": row(EVERYBODY, EVERYBODY),
    "logout": row(NOBODY, EVERYBODY),
    # everybody's own account, and the ways to one
    "account:account": row(WITH_ACCOUNT, WITH_ACCOUNT),
    "account:password": row(WITH_ACCOUNT, WITH_ACCOUNT),
    "account:two-factor": row(WITH_ACCOUNT, WITH_ACCOUNT),
    "account:recovery-codes": row(NOBODY, WITH_ACCOUNT),
    "account:two-factor-off": row(NOBODY, WITH_ACCOUNT),
    "account:end-sessions": row(NOBODY, WITH_ACCOUNT),
    "account:code": row(),  # only for who has just given the right password
    "account:set-up": row(),
    "account:known-device": row(EVERYBODY),  # whoever has the link comes further
    "account:new": row(EVERYBODY, EVERYBODY),
    "account:join": row(EVERYBODY, EVERYBODY),  # who is logged in is told to log out first
    "own-data": row(WITH_ACCOUNT),
    "own-file": row(WITH_ACCOUNT),
    "delete-account": row(CUSTOMERS, CUSTOMERS),
    "privacy": row(EVERYBODY),
    "data-of-person": row(ADMIN, pk="auth_user"),
    "file-of-person": row(ADMIN, pk="auth_user"),
    "delete-person": row(ADMIN, ADMIN, pk="auth_user"),
    "password_reset": row(EVERYBODY, EVERYBODY),
    "password_reset_confirm": row(EVERYBODY, EVERYBODY),
    "my:join": row(CUSTOMERS | {"anonymous"}, CUSTOMERS | {"anonymous"}),
    "my:join-by-path": row(CUSTOMERS | {"anonymous"}, token="invitation's token"),
    # without an account
    "guest:home": row(EVERYBODY, EVERYBODY, {"number": "89860000000000000000"}),
    "guest:card": row(EVERYBODY, EVERYBODY, token="label"),
    "guest:typed-card": row(EVERYBODY, EVERYBODY, ticket="ticket"),
    "guest:receipts": row(EVERYBODY),  # a number that is none's is not found
    "guest:receipt": row(EVERYBODY, code="guest's receipt"),
    # the customers' own pages
    "my:home": row(CUSTOMERS),
    "my:claim": row(CUSTOMERS, CUSTOMERS),
    "my:card-list": row(CUSTOMERS, CUSTOMERS),
    "my:card-export": row(CUSTOMERS, CUSTOMERS, {"format": "csv"}),
    "my:card-unknown": row(CUSTOMERS, CUSTOMERS),
    "my:card": row(LOOKERS, iccid="card"),
    "my:card-help": row(LOOKERS, ACTING, iccid="card"),
    "my:card-act": row(ACTING, ACTING, iccid="card", action="=suspend"),
    "my:select": row(NOBODY, ACTING | {"owner of another"}, {"filter": str(uuid.uuid4()), "query": ""}),
    "my:selection": row(OWNER, OWNER, {"action": "suspend"}, pk="my selection"),
    "my:selection-export": row(OWNER, NOBODY, {"format": "csv"}, pk="my selection"),
    "my:job-list": row(CUSTOMERS),
    "my:job": row(OWNER, pk="my job"),
    "my:job-progress": row(OWNER, pk="my job"),
    "my:job-failures": row(OWNER, pk="my finished job"),
    "my:job-file": row(OWNER, pk="my export"),
    "my:job-start": row(NOBODY, OWNER, pk="my job"),
    "my:job-stop": row(NOBODY, OWNER, pk="my job"),
    "my:job-reopen": row(NOBODY, OWNER, pk="my job"),
    "my:job-follow": row(NOBODY, OWNER, pk="my finished job", step="=retry"),
    "my:members": row(CUSTOMERS),
    "my:invite": row(NOBODY, OWNER, {"role": "viewer"}, pk="cards_customer"),
    "my:invitation-revoke": row(NOBODY, OWNER, pk="invitation"),
    "my:member-role": row(NOBODY, OWNER, {"role": "viewer"}, pk="membership"),
    "my:member-remove": row(NOBODY, OWNER, pk="membership"),
    "my:requests": row(CUSTOMERS),
    "my:request": row(LOOKERS, pk="request"),
    "my:request-close": row(NOBODY, ACTING, pk="request"),
    # the console
    "dashboard": row(STAFF, STAFF),
    "console:card-list": row(STAFF, STAFF),
    "console:card-export": row(STAFF, STAFF),
    "console:card-unknown": row(STAFF, STAFF),
    "console:names": row(STAFF),
    "console:customer-meant": row(STAFF),
    "console:card": row(STAFF, iccid="card"),
    "console:card-act": row(SUPPORT, SUPPORT, iccid="card", action="=suspend"),
    "console:select": row(NOBODY, STAFF, {"filter": str(uuid.uuid4()), "query": ""}),
    "console:views": row(STAFF, STAFF),
    "console:views-menu": row(STAFF),
    "console:view": row(STAFF, pk="view"),
    "console:view-edit": row(FILED_BY, FILED_BY, pk="view"),
    "console:view-delete": row(NOBODY, FILED_BY, pk="view"),
    "console:selection": row(FILED_BY, FILED_BY, {"action": "suspend"}, pk="selection"),
    "console:selection-name": row(NOBODY, FILED_BY, pk="selection"),
    "console:selection-export": row(FILED_BY, pk="selection"),
    "console:selection-labels": row(FILED_BY, FILED_BY, pk="selection"),
    "console:job-list": row(STAFF),
    "console:job": row(STAFF, pk="job"),
    "console:job-columns": row(pk="job"),  # only while a file waits for it: tests/console/test_file_columns.py
    "console:job-cards": row(pk="job"),  # only of an import: tests/engine/test_anew.py
    "console:job-progress": row(STAFF, pk="job"),
    "console:job-failures": row(STAFF, pk="finished job"),
    "console:job-start": row(NOBODY, SUPPORT, pk="job"),
    "console:job-follow": row(NOBODY, SUPPORT, pk="finished job", step="=retry"),
    "console:job-file": row(OPS, pk="export"),
    "console:job-stop": row(NOBODY, SUPPORT, pk="job"),
    "console:job-reopen": row(NOBODY, SUPPORT, pk="job"),
    "console:job-step": row(NOBODY, SUPPORT, pk="job", step="=stop"),
    "console:imports": row(OPS, OPS),
    "console:import-template": row(OPS, what="=cards", suffix="=csv"),
    "console:import-report": row(STAFF, pk="import"),
    "console:requests": row(STAFF),
    "console:request": row(STAFF, pk="request"),
    "console:request-answer": row(NOBODY, SUPPORT, pk="request"),
    "console:request-close": row(NOBODY, SUPPORT, pk="request"),
    "console:queues": row(STAFF, STAFF),
    "console:quarantine": row(STAFF),
    "console:quarantine-decide": row(NOBODY, OPS, pk="quarantined reading", decision="=drop"),
    "console:real-name": row(STAFF),
    "console:real-name-decide": row(NOBODY, OPS, decision="=approve"),
    "console:sweep": row(STAFF, STAFF),
    "console:people": row(AUDIT),
    "console:person": row(AUDIT, pk="auth_user"),
    "console:colleague-invite": row(ADMIN, ADMIN),
    "console:colleague-revoke": row(NOBODY, ADMIN, pk="staff invitation"),
    "console:person-roles": row(NOBODY, ADMIN, {"roles": "support"}, pk="colleague"),
    "console:person-shut-out": row(NOBODY, ADMIN, pk="auth_user"),
    "console:person-let-in": row(NOBODY, ADMIN, pk="auth_user"),
    "console:person-two-step-off": row(NOBODY, ADMIN, pk="auth_user"),
    "console:customer-invite": row(NOBODY, ADMIN, {"role": "viewer"}, pk="cards_customer"),
    "console:customer-revoke": row(NOBODY, ADMIN, pk="invitation"),
    "console:customer-member-role": row(NOBODY, ADMIN, {"role": "viewer"}, pk="membership"),
    "console:customer-member-remove": row(NOBODY, ADMIN, pk="membership"),
    "send-reset": row(NOBODY, ADMIN, pk="auth_user"),
    "console:log": row(AUDIT),
    "console:log-file": row(AUDIT),
    "console:unpark": row(NOBODY, OPS, iccid="card"),
    "console:release": row(NOBODY, OPS, {"day": str(DAY)}),
    # money, for customers
    "buying:card": row(ACTING, ACTING, {"kind": "renewal", "plan": "Y1-30", "total": "30.00"}, iccid="card"),
    "buying:card-auto-renew": row(NOBODY, ACTING, {"on": "1"}, iccid="card"),
    "buying:selection": row(OWNER, OWNER, {"kind": "renewal", "plan": ""}, pk="my selection"),
    "buying:order-list": row(CUSTOMERS),
    "buying:missed-cards": row(NOBODY, ACTING | {"owner of another"}, {"why": "short", "key": str(uuid.uuid4())}),
    "buying:order-cards": row(NOBODY, ACTING | {"owner of another"}, {"filter": str(uuid.uuid4()), "action": "renew"}),
    "buying:orders-together": row(LOOKERS, pk="together"),
    "buying:orders-together-step": row(NOBODY, ACTING, pk="together", step="=place"),
    "buying:order": row(LOOKERS, pk="draft"),
    "buying:order-lines": row(LOOKERS, pk="draft"),
    "buying:order-print": row(LOOKERS, pk="placed"),
    "buying:receipt-print": row(LOOKERS, pk="receipt"),
    "buying:order-place": row(NOBODY, ACTING, {"total": "30.00"}, pk="draft"),
    "buying:order-renewed": row(NOBODY, ACTING, pk="draft"),
    "buying:order-pay": row(NOBODY, ACTING, pk="placed"),
    "buying:order-pay-online": row(NOBODY, ACTING, pk="placed"),
    "buying:order-withdraw": row(NOBODY, ACTING, pk="placed"),
    "buying:selling": row(OWNER | {"owner of another"}),
    "buying:selling-of": row(OWNER, pk="cards_customer"),
    "buying:selling-price": row(
        NOBODY, OWNER, {"plan": "Y1-30", "amount": "99", "valid_from": str(DAY)}, pk="cards_customer"
    ),
    "buying:selling-switch": row(NOBODY, OWNER, {"on": "1"}, pk="cards_customer"),
    "buying:wallet": row(CUSTOMERS),
    "buying:balance": row(CUSTOMERS),
    "buying:deposit": row(NOBODY, ACTING, {"key": str(uuid.uuid4()), "amount": "5"}, pk="cards_customer"),
    "buying:withdraw": row(OWNER, OWNER, pk="cards_customer"),
    "buying:withdrawal-take-back": row(NOBODY, OWNER, pk="asked withdrawal"),
    "buying:agreement": row(NOBODY, ACTING, {"renews_days_ahead": "7"}, pk="cards_customer"),
    "buying:statement": row(LOOKERS, pk="cards_customer"),
    "buying:statement-csv": row(LOOKERS, pk="cards_customer"),
    "buying:statement-print": row(LOOKERS, pk="cards_customer"),
    "webhooks:list": row(OWNER | {"owner of another"}),
    "webhooks:add": row(NOBODY, OWNER, {"url": "https://example.com/"}, pk="cards_customer"),
    "webhooks:endpoint": row(OWNER, pk="webhook"),
    "webhooks:change": row(NOBODY, OWNER, {"url": "https://example.com/"}, pk="webhook"),
    "webhooks:switch": row(NOBODY, OWNER, {"to": "on"}, pk="webhook"),
    "webhooks:test": row(NOBODY, OWNER, pk="webhook"),
    "webhooks:rotate": row(NOBODY, OWNER, pk="webhook"),
    "webhooks:delete": row(NOBODY, OWNER, pk="webhook"),
    "webhooks:again": row(NOBODY, OWNER, pk="delivery"),
    "pay:page": row(ACTING | FINANCE, ACTING | FINANCE, {"said": "closed"}, key="payment"),
    "pay:begin": row(NOBODY, ACTING | FINANCE, {}, key="payment"),
    "pay:openid": row(ACTING | FINANCE, key="payment"),
    "pay:notify": row(),
    "carrier-knock": row(),
    # the open API: its keys, and what everybody may read of it
    "my-api:keys": row(OWNER | {"owner of another"}),
    "my-api:keys-of": row(OWNER, OWNER, {"name": "erp"}, pk="cards_customer"),
    "my-api:key-revoke": row(NOBODY, OWNER, pk="key"),
    "console-api:keys": row(STAFF),
    "console-api:key-revoke": row(NOBODY, OPS, pk="key"),
    "api-reference": row(EVERYBODY),
    "api-problem": row(EVERYBODY, code="=already-voluntary"),
    "api-v1:openapi-json": row(EVERYBODY),
    # money, in the console
    "money:order-list": row(STAFF),
    "money:order-new": row(ORDERING, ORDERING),
    "money:orders-together": row(STAFF, pk="together"),
    "money:orders-together-step": row(NOBODY, ORDERING, pk="together", step="=place"),
    "money:order": row(STAFF, pk="draft"),
    "money:order-of-job": row(STAFF, pk="order's job"),
    "money:order-lines": row(STAFF, pk="draft"),
    "money:order-print": row(STAFF, pk="placed"),
    "money:order-place": row(NOBODY, ORDERING, {"total": "30.00"}, pk="draft"),
    "money:order-renewed": row(NOBODY, ORDERING, pk="draft"),
    "money:order-pay": row(NOBODY, FINANCE, pk="placed"),
    "money:order-pay-online": row(NOBODY, FINANCE, pk="placed"),
    "money:order-withdraw": row(NOBODY, ORDERING, pk="placed"),
    "money:order-go-on": row(NOBODY, ORDERING, pk="placed"),
    "money:order-approve": row(NOBODY, FINANCE, pk="adjustment"),
    "money:order-again": row(NOBODY, ORDERING, pk="failed"),
    "money:order-refund": row(NOBODY, ORDERING, {"key": str(uuid.uuid4()), "reason": "x", "all": "1"}, pk="failed"),
    "money:refund": row(STAFF, pk="refund"),
    "money:refund-step": row(NOBODY, FINANCE, pk="refund", step="=decline"),
    "money:approvals": row(STAFF),
    "money:proposal": row(STAFF, pk="proposal"),
    "money:proposal-step": row(NOBODY, FINANCE, pk="proposal", step="=decline"),
    "money:unmatched-list": row(STAFF),
    "money:unmatched": row(STAFF, pk="unmatched"),
    "money:unmatched-assign": row(NOBODY, FINANCE, {"customer": "Acme", "reason": "x"}, pk="unmatched"),
    "money:unmatched-give-back": row(NOBODY, FINANCE, {"reason": "x"}, pk="unmatched"),
    "money:unmatched-send-back": row(NOBODY, FINANCE, {"reason": "x"}, pk="unmatched"),
    "money:unmatched-take-back": row(NOBODY, FINANCE, {"reason": "x"}, pk="unmatched"),
    "money:payer-refund-list": row(STAFF),
    "money:payer-refund-csv": row(STAFF),
    "money:order-csv": row(STAFF),
    "money:approvals-csv": row(STAFF),
    "money:unmatched-csv": row(STAFF),
    "money:withdrawal-csv": row(STAFF),
    "money:customer-csv": row(STAFF),
    "console:job-csv": row(STAFF),
    "console:request-csv": row(STAFF),
    "console:quarantine-csv": row(STAFF),
    "console:real-name-csv": row(STAFF),
    "bills:queue-csv": row(STAFF),
    "carriers:drift-csv": row(STAFF),
    "money:payer-refund": row(STAFF, pk="payer refund"),
    "money:payer-refund-again": row(NOBODY, FINANCE, pk="payer refund"),
    "money:payer-refund-by-bank": row(NOBODY, FINANCE, {"reference": "BANK 11"}, pk="payer refund"),
    "money:payer-refund-keep": row(NOBODY, FINANCE, pk="payer refund"),
    "money:withdrawal-list": row(STAFF),
    "money:withdrawal": row(STAFF, pk="withdrawal"),
    "money:withdrawal-paid": row(NOBODY, FINANCE, {"reference": "BANK 12"}, pk="withdrawal"),
    "money:withdrawal-back": row(NOBODY, FINANCE, pk="withdrawal"),
    "money:payment": row(STAFF, pk="paid payment"),
    "money:payment-charged-back": row(NOBODY, FINANCE, pk="paid payment"),
    "money:chargeback-won": row(NOBODY, FINANCE, {"reason": "x"}, pk="chargeback"),
    "money:customer-withdraw": row(FINANCE, FINANCE, pk="cards_customer"),
    "money:customer-list": row(STAFF),
    "money:customer": row(STAFF, pk="cards_customer"),
    "money:customer-agreement": row(NOBODY, FINANCE, pk="cards_customer"),
    "money:customer-adjust": row(NOBODY, FINANCE, pk="cards_customer"),
    "money:customer-master-data": row(NOBODY, OPS, {"name": "Acme"}, pk="cards_customer"),
    "money:customer-merge": row(OPS, OPS, pk="cards_customer"),
    "money:selling-of": row(FINANCE, pk="cards_customer"),
    "money:selling-price": row(
        NOBODY, FINANCE, {"plan": "Y1-30", "amount": "99", "valid_from": str(DAY)}, pk="cards_customer"
    ),
    "money:selling-switch": row(NOBODY, FINANCE, {"on": "1"}, pk="cards_customer"),
    "money:statement": row(STAFF, pk="cards_customer"),
    "money:statement-csv": row(STAFF, pk="cards_customer"),
    "money:statement-print": row(STAFF, pk="cards_customer"),
    "money:customer-notices": row(FINANCE, FINANCE, pk="cards_customer"),
    "money:notice-list": row(STAFF),
    "money:card-auto-renew": row(NOBODY, FINANCE, iccid="card"),
    "money:not-paid": row(STAFF),
    "money:not-paid-csv": row(STAFF),
    "money:not-paid-step": row(NOBODY, ORDERING, {"which": "page", "key": str(uuid.uuid4())}, step="=order"),
    "money:receipt-list": row(STAFF),
    "money:receipt-new": row(FINANCE, FINANCE),
    "money:receipt": row(STAFF, pk="receipt"),
    "money:receipt-print": row(STAFF, pk="receipt"),
    "money:receipt-reverse": row(NOBODY, FINANCE, pk="receipt"),
    "money:missed-renewals": row(STAFF),
    "money:missed-renewals-csv": row(STAFF),
    "money:auto-renewals": row(STAFF),
    "money:prices": row(STAFF, FINANCE),
    "money:providers": row(STAFF),
    "money:provider-new": row(ADMIN, ADMIN),
    "money:provider": row(STAFF, pk="payment account"),
    "money:provider-edit": row(ADMIN, ADMIN, pk="payment account"),
    "money:provider-try": row(FINANCE, FINANCE, pk="payment account"),
    "money:terms": row(STAFF),
    "money:terms-csv": row(STAFF),
    "money:margin": row(STAFF),
    "money:margin-csv": row(STAFF),
    "money:grants": row(STAFF),
    "money:grants-csv": row(STAFF),
    "money:at-risk": row(STAFF),
    # the bills of payment providers
    "bills:bills": row(STAFF),
    "bills:queue": row(STAFF),
    "bills:upload": row(FINANCE, FINANCE),
    "bills:payouts": row(STAFF, FINANCE),
    "bills:line": row(STAFF, pk="bill line"),
    "bills:line-settle": row(NOBODY, FINANCE, {"note": "x"}, pk="bill line"),
    "bills:line-ask": row(NOBODY, FINANCE, pk="bill line"),
    "bills:bill": row(STAFF, pk="bill"),
    "bills:bill-lines": row(STAFF, pk="bill"),
    "bills:fetch": row(NOBODY, FINANCE, pk="bill"),
    # the carriers
    "carriers:accounts": row(STAFF),
    "carriers:account": row(STAFF, pk="carrier account"),
    "carriers:account-new": row(ADMIN, ADMIN),
    "carriers:account-edit": row(ADMIN, ADMIN, pk="carrier account"),
    "carriers:account-try": row(SUPPORT | {"carrier_desk"}, SUPPORT | {"carrier_desk"}, pk="carrier account"),
    "carriers:by-hand": row(STAFF, pk="carrier account"),
    "carriers:drift": row(STAFF),
    "carriers:drift-decide": row(NOBODY, OPS | {"carrier_desk"}, step="=approve"),
    "carriers:release-comparison": row(NOBODY, OPS | {"carrier_desk"}, pk="comparison"),
    "carriers:card-orders": row(STAFF, iccid="card"),
    "carriers:job-orders": row(STAFF, pk="job"),
    "carriers:line-step": row(NOBODY, SUPPORT | {"carrier_desk"}, iccid="card", step="=look"),
    "carriers:real-name-link": row(SUPPORT | {"carrier_desk"}, SUPPORT | {"carrier_desk"}, iccid="card"),
    "my-real-name-link": row(ACTING, ACTING, iccid="card"),
    "carriers:retiring-step": row(NOBODY, OPS | {"carrier_desk"}, iccid="card", step="=ask"),
    # Django's admin
    "admin:index": row(STAFF, STAFF),
    "admin:login": row(EVERYBODY, EVERYBODY),
    "admin:logout": row(
        EVERYBODY - STAFF - {"no role"}, EVERYBODY
    ),  # it leads whoever is not staff to the index, which is shut
    "admin:password_change": row(STAFF, STAFF),
    "admin:password_change_done": row(STAFF),
    "admin:autocomplete": row(AUDIT, data={"app_label": "cards", "model_name": "membership", "field_name": "user"}),
    "admin:jsi18n": row(STAFF),
    "admin:view_on_site": row(content_type_id="=1", object_id="=1"),
    "admin:app_list": row(STAFF, STAFF),
    "admin/(?P<url>.*)$": row(),
    **kept("cards_carrierpolicy", STAFF, OPS, ADMIN, edit=OPS),
    **kept("cards_plan", STAFF, OPS, ADMIN),
    **kept("cards_tag", STAFF, NOBODY, ADMIN),
    **kept("cards_customer", STAFF, OPS, ADMIN),
    **kept("cards_card", STAFF, NOBODY),
    **kept("cards_cancellingrules", STAFF, NOBODY, edit=ADMIN),
    **kept("billing_moneyrules", STAFF, NOBODY, edit=ADMIN),
    **kept("billing_pricetier", STAFF, FINANCE, ADMIN),
    **kept("auth_group", AUDIT, ADMIN, ADMIN),
    **kept("auth_user", AUDIT, ADMIN),
    "admin:auth_user_password_change": row(ADMIN, ADMIN, id="auth_user"),
}


def urls(resolver=None, namespace="", route=""):
    """(name, or route where there is no name, and route) of every URL of the project."""
    for pattern in (resolver or get_resolver()).url_patterns:
        whole = route + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from urls(pattern, inner, whole)
        else:
            yield f"{namespace}{pattern.name}" if pattern.name else whole, whole


OF_KEYS = "api-v1:"  # no login opens these, only a key: tests/api
TABLE |= {name: row() for name, _route in urls() if name.startswith(OF_KEYS) and name not in TABLE}


def test_the_table_has_every_url_and_no_other():
    assert {name for name, _route in urls()} == set(TABLE)


def test_no_url_hides_another():
    routes = [route for name, route in urls() if not name.startswith(OF_KEYS)]
    routes += {route for name, route in urls() if name.startswith(OF_KEYS)}  # each method has a name there
    assert sorted(routes) == sorted(set(routes))


@pytest.fixture(scope="module")
def today(django_db_setup, django_db_blocker):
    """The day on which everybody walks, and a transaction around them all: what is made once is there for each."""
    with django_db_blocker.unblock(), on_day(DAY), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def people(today):
    return everybody()


def everybody():
    """A user for everybody, by what they are."""
    members = {name: member("Acme", name, name) for name in LOOKERS} | {
        "owner of another": member("Northwind", "charlie", "owner")
    }
    staff = {}
    for role in STAFF - ADMIN:
        staff[role] = User.objects.create_user(f"{STAFFS_OWN}-{role}", is_staff=True)
        staff[role].groups.add(Group.objects.get(name=role))
    staff["no role"] = User.objects.create_user(f"{STAFFS_OWN}-new", is_staff=True)
    return members | staff | {"admin": User.objects.create_superuser("admin"), "anonymous": None}


@pytest.fixture(scope="module")
def world(people):
    return everything(people)


def everything(people, **columns):
    """What stands in the URLs: Acme's card and what belongs to its owner, and what a member of the staff has made.

    The card has these columns.
    """
    card, other = card_in_use(customer="Acme", **columns), card_in_use(customer="Northwind")
    unused = open_card(customer="Acme")
    request = open_request(card, by=people["operator"], text="It blinks.", evidence={}, key=uuid.uuid4())
    told = {"read_at": timezone.now(), "told_at": timezone.now()}
    quarantined = QuarantinedReading.objects.create(card=card, day=DAY, bytes=2**41, **told)
    SweptDay.objects.create(day=DAY, braked_at=timezone.now())
    policy = CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2999, 1, 1))
    ops = people["operations"]
    invitation = invite_member(card.customer, "viewer", by=people["owner"])
    world = {
        "card": card.iccid,
        "view": SavedView.objects.create(owner=ops, name="mine", query="", is_shared=True).pk,
        "request": request.pk,
        "quarantined reading": quarantined.pk,
        "invitation": invitation.pk,
        "invitation's token": invitation.token,
        "staff invitation": invite_colleague(["support"], by=people["admin"]).pk,
        "colleague": people["support"].pk,
        "membership": people["viewer"].memberships.get().pk,
        "import": job_of(ops, JobKind.IMPORT_CARDS).pk,
        "cards_carrierpolicy": policy.pk,
        "cards_plan": Plan.objects.first().pk,
        "cards_tag": Tag.objects.create(name="on no card").pk,
        "cards_customer": card.customer_id,
        "cards_card": card.pk,
        "key": make_key(card.customer, by=people["owner"], name="erp", scopes=["cards:read"])[0].pk,
        "auth_group": Group.objects.first().pk,
        "auth_user": people["viewer"].pk,
        **money_of(card, people["finance"], ops),
        **at_provider(),
        **at_carrier_of(card),
        **told_to_programs(card.customer),
    }
    for prefix, owner in (("my ", people["owner"]), ("", ops)):
        draft = control.draft(selected(owner, card), "suspend", user=owner)
        refused = control.draft(selected(owner, unused, other), "resume", user=owner)
        Job.objects.filter(pk=refused.pk).update(status=JobStatus.RUNNING, started_at=timezone.now())
        world |= {
            f"{prefix}selection": draft.selection_id,
            f"{prefix}job": draft.pk,
            f"{prefix}finished job": worker.work_off(refused).pk,
            f"{prefix}export": job_of(owner, JobKind.EXPORT, params={"format": "csv"}).pk,
        }
    return world


def money_of(card, finance, ops):
    """Acme's orders at every stage, a refund that waits, a receipt, a payment under way, and money that fits none."""
    build.price("Y1-30", "30.00")
    receipt = receipts.record(card.customer, Decimal("100"), "BANK 1", DAY, user=finance)
    together = selected(ops, card)
    draft = build.drafted(cards=[card], also_renewed=True, selection=together)
    placed = build.placed(cards=[card])
    failed = orders.pay(build.placed(cards=[card_in_use(customer="Acme")], user=ops), user=finance)
    failed.lines.update(refused=["cancelled", {}])
    payment = payments.start_payment(placed, user=finance)
    of_guest = build.placed(cards=[card], is_guest=True, also_renewed=True)
    body, _headers = local.notification(payment, "paid")
    payments.receive(local.NAME, *local.signed(body.replace(b"30.00", b"29.00")))
    return {
        "together": together.pk,
        "draft": draft.pk,
        "placed": placed.pk,
        "failed": failed.pk,
        "order's job": draft.job_id,
        "adjustment": orders.make_adjustment(card.customer, Decimal("1000.01"), user=finance, note="x").pk,
        "refund": refunds.request_refund(failed, user=ops, reason="x").pk,
        "receipt": receipt.pk,
        "proposal": receipts.record(card.customer, Decimal("1000"), "BANK 9", DAY, user=finance).pk,
        "payment": payment.key,
        "label": token_of(card),
        "ticket": seek_number(card.iccid, "192.0.2.1").ticket,
        "guest's receipt": payments.start_guest_payment(of_guest).code,
        "unmatched": UnmatchedPayment.objects.get().pk,
        **of_a_provider(),
        **money_out_of(card.customer, finance),
        "billing_moneyrules": 1,
        "cards_cancellingrules": 1,
        "billing_pricetier": PriceTier.objects.create(name="reseller").pk,
    }


def told_to_programs(customer):
    """A webhook of Acme's, and what was sent to it."""
    webhook = add_endpoint(customer, "https://example.com/", by=SHELL)
    return {"webhook": webhook.pk, "delivery": send_test(webhook).pk}


def money_out_of(customer, finance):
    """Of what Acme's wallet has: withdrawn by bank, and back to where it came from, taken back, and asked for."""
    payment = payments.start_deposit(customer, Decimal(20), user=finance)
    payments.receive(local.NAME, *local.notification(payment, "paid"))
    chargeback = record_chargeback(payment, Decimal(1), "CB 1", user=finance, reason="x")
    account = payee_account("Bank", "Acme", "62258801")
    made = [
        build.approved(ask_withdrawal(customer, Decimal(2), way, user=finance, account=account)).withdrawal
        for way in ("bank", "origin")
    ]
    return {
        "paid payment": payment.pk,
        "chargeback": chargeback.pk,
        "withdrawal": made[0].pk,
        "payer refund": made[1].refunds.get().pk,
        "asked withdrawal": ask_withdrawal(customer, Decimal(2), "origin", user=finance).pk,
    }


def at_carrier_of(card):
    """An account, and Acme's card on it."""
    account = an_account()
    on_account(card, account)
    told = {"began_at": timezone.now(), "ended_at": timezone.now(), "held_above": 20}
    return {"carrier account": account.pk, "comparison": account.reconciliations.create(**told).pk}


def of_a_provider():
    """A bill that has not come yet, with a line that waits for somebody."""
    bill = Bill.objects.create(account="ali", day=DAY, kind="trade", next_at=None)
    told = {"kind": "refund", "reference": "R1", "amount": 1, "at": timezone.now(), "verdict": "missing_here"}
    return {"bill": bill.pk, "bill line": bill.lines.create(mark="1", number=1, **told).pk}


def at_provider():
    """An account that is not in use, and of which nothing is known yet."""
    return {"payment account": ProviderAccount.objects.create(name="alipay", protocol="alipay").pk}


def selected(owner, *cards):
    return freeze_ids([card.pk for card in cards], owner=owner, asked={"from": "page"})


def job_of(owner, kind, **values):
    return Job.objects.create(kind=kind, owner=owner, status=JobStatus.DONE, **values)


def path_of(name, route, world):
    url = {key: str(world.get(value, value)).lstrip("=") for key, value in TABLE[name].url.items()}
    for key, value in url.items():
        for converter in ("str:", "int:", "path:", "slug:", "uuid:", ""):
            route = route.replace(f"<{converter}{key}>", value)
    route = re.sub(r"\^\(\?P<app_label>[a-z|]+\)/\$", "cards/", route).replace("(?P<url>.*)$", "nowhere")
    return "/" + route.replace("^", "").replace("$", "")


# Where the code stands small beside the name: in brackets, or in an element of its own.
BESIDE_A_NAME = re.compile(r"[(（](?:[A-Z0-9-]+)[)）]|<small>[^<]*</small>|<span class=\"(?:code|note)\">[^<]*</span>")
# Master data show the code as a field, and what is said of files quotes it.
QUOTE_CODES = ("/admin/", "/console/import")
PLAN_CODES = re.compile(r"\b(?:M1-100|Y1-30|Y1-1024|PACK-100)\b")


def is_page(response):
    return not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")


def links_on(response):
    """The paths that stand in what a page is made of, or to which it sends on."""
    content = response.content.decode() if is_page(response) else ""
    return {response.headers.get("Location", ""), *re.findall(r'="(/[^"?#]*)', content)}


# Where the pages to which a login leads have no way to.
BY_ANOTHER_WAY = {
    *("/account/join/", "/account/known/", "/account/reset/set/", "/my/join/"),  # by a link in a mail
    *("/admin/login/", "/account/reset/", "/c/", "/c/receipts/"),  # before a login, or without one
    *("/admin/password_change/done/", "/console/cards/names/"),  # after a form; what a form asks for
    "/console/terms/",  # from the prices and from a customer, once there was a change
}


def reached(links):
    """The pages to which one comes by links from those to which a login leads."""
    met, ahead = set(), ["/console/", "/my/"]
    while ahead:
        path = ahead.pop()
        if path not in met:
            met.add(path)
            ahead += links.get(path, ())
    return met


def bare_codes(response):
    """The codes of plans that people read on a page without the plan's name."""
    content = response.content.decode() if is_page(response) else ""
    if not PLAN_CODES.search(content):  # most pages say nothing of plans
        return []
    return PLAN_CODES.findall(re.sub(r"<[^>]*>", " ", BESIDE_A_NAME.sub(" ", content)))


class Visitor:
    """Somebody who knocks at a door; whatever they change there is undone.

    `bare` is where a plan has only a code, `cached` what a browser or a proxy might keep; `links` are those of each
    answer, and `pages` the answers that people read.
    """

    def __init__(self, user):
        self.client = logged_in(user) if user else Client()
        self.cookies = self.client.cookies.output()
        self.bare, self.cached, self.pages, self.links = set(), set(), set(), {}

    def may(self, method, path, data):
        """Whether the door opens: it is no refusal."""
        self.client.cookies = SimpleCookie(self.cookies.replace("Set-Cookie: ", ""))
        with transaction.atomic():
            response = getattr(self.client, method)(path, data)
            if response.streaming:
                b"".join(response)
            self.bare |= {(path, code) for code in bare_codes(response)}
            if method == "get":
                self.links[path] = links_on(response)
                self.pages |= {path} if response.status_code == 200 and is_page(response) else set()
            if response.headers["Cache-Control"] != "no-store" or "Cookie" not in response.headers["Vary"]:
                self.cached.add((method, path))
            transaction.set_rollback(True)
        is_sent_away = response.headers.get("Location", "").startswith("/admin/login/")
        return response.status_code not in (401, 403, 404, 405) and not is_sent_away


@pytest.mark.parametrize("who", sorted(EVERYBODY))
def test_everybody_may_what_the_table_says_and_nothing_else(who, people, world):
    visitor = Visitor(people[who])
    allowed, expected = set(), set()
    for name, route in urls():
        path, entry = path_of(name, route, world), TABLE[name]
        for method, may in (("get", entry.look), ("post", entry.change)):
            if who in may:
                expected.add((method, name))
            if visitor.may(method, path, entry.data):
                allowed.add((method, name))
    assert (sorted(allowed - expected), sorted(expected - allowed)) == ([], [])
    assert sorted((path, code) for path, code in visitor.bare if not path.startswith(QUOTE_CODES)) == []
    assert visitor.cached == set()
    if who in ("owner", "admin"):
        paths = {path_of(name, route, world) for name, route in urls() if not TABLE[name].url} - BY_ANOTHER_WAY
        assert sorted((paths & visitor.pages) - reached(visitor.links)) == []


def noted_by_staff(people, world):
    """What staff do to Acme's cards, jobs and money, with a note of their own to each; the paths where it is told."""
    finance, ops, owner = people["finance"], people["operations"], people["owner"]
    how = {"actor": Actor.of(ops), "reason": STAFFS_OWN}
    card, held, unserved = (card_in_use(customer="Acme") for _ in range(3))
    for action, params in (
        *(("suspend", {}), ("resume", {}), ("remark", {"remark": STAFFS_OWN}), ("tag", {"tag": STAFFS_OWN})),
        *(("protect", {}), ("set_limit", {"limit_mb": "20"}), ("grant", {"plan": "Y1-30"})),
    ):
        do(action, card, DAY, **how, **params)
    do("place_hold", held, DAY, Actor.of(people["carrier_desk"]), STAFFS_OWN, kind="anomaly")
    build.fund("500")
    receipt = receipts.record(card.customer, Decimal("7"), "BANK 2", DAY, user=finance, payer="Acme", note=STAFFS_OWN)
    receipts.reverse_receipt(receipt, user=finance, reason=STAFFS_OWN)
    one_more = build.placed(cards=[card], user=ops, note=STAFFS_OWN, also_renewed=True)
    refunded = orders.pay_and_fulfil(one_more, user=finance)
    refund = refunds.request_refund(refunded, user=ops, reason=STAFFS_OWN, told=FOR_CUSTOMERS)
    refunds.approve(refund, user=finance)
    failing = build.placed(cards=[unserved], user=ops)
    do("cancel", unserved, DAY, **how)
    orders.pay_and_fulfil(failing, user=finance)
    said = {"user": finance, "note": STAFFS_OWN, "told": FOR_CUSTOMERS}
    made = orders.make_adjustment(card.customer, Decimal("-5"), **said)
    waiting = orders.make_adjustment(card.customer, Decimal("-5000"), **said | {"told": STAFFS_OWN})
    answer(CardRequest.objects.get(pk=world["request"]), by=people["support"], text=FOR_CUSTOMERS)
    job = control.start(control.draft(selected(owner, held, card), "suspend", user=owner), user=ops, reason=STAFFS_OWN)
    assert Order.objects.visible_to(ops).filter(pk=waiting.pk).exists()
    return [
        *(reverse("my:card", args=[each.iccid]) for each in (card, held, unserved)),
        *(reverse("my:card-help", args=[each.iccid]) for each in (card, held)),
        *(reverse("buying:order", args=[order.pk]) for order in (refunded, failing, made)),
        *(reverse(f"my:{page}", args=[worker.work_off(job).pk]) for page in ("job", "job-failures")),
    ]


def test_no_customer_reads_what_staff_write_for_themselves(people, world):
    visitor, read = Client(), {}
    visitor.force_login(people["owner"])
    with transaction.atomic():
        paths = {path: {} for path in noted_by_staff(people, world)}
        looked_at = [(name, route) for name, route in urls() if "owner" in TABLE[name].look]
        paths |= {path_of(*each, world): TABLE[each[0]].data for each in looked_at if each[0].startswith(FOR_MEMBERS)}
        for path, data in paths.items():
            response = visitor.get(path, data)
            content = b"".join(response) if response.streaming else response.content
            read[path] = (response.status_code, content.decode(errors="replace"))
        transaction.set_rollback(True)
    assert [path for path, (_status, text) in read.items() if STAFFS_OWN in text] == []
    assert {status for status, _text in read.values()} <= {200, 302}
    statement = reverse("buying:statement", args=[world["cards_customer"]])
    told = [path for path, (_status, text) in read.items() if FOR_CUSTOMERS in text]
    request = reverse("my:request", args=[world["request"]])
    wanted = {request, "/my/wallet/", statement, f"{statement}print/", f"{statement.rstrip('/')}.csv"}
    assert (wanted - {*told}, len(told)) == (set(), len(wanted) + 2)  # and on the two orders
