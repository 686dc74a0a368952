"""The content-security policy is strict, and no page has what it would forbid: nothing inline, no other host."""

from html.parser import HTMLParser

import pytest

from cards.models import CarrierPolicy
from tests.build import card_in_use, open_card
from tests.console.pages import superuser, text

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
PAGES = [
    "/console/",
    "/console/sweep/",
    "/console/orders/",
    "/console/orders/new/",
    "/console/customers/",
    "/console/customers/{customer}/",
    "/console/customers/{customer}/statement/",
    "/console/receipts/",
    "/console/receipts/new/",
    "/console/customers/{customer}/notices/",
    "/console/notices/",
    "/console/prices/",
    "/console/margin/",
    "/console/at-risk/",
    "/console/approvals/",
    "/console/unmatched/",
    "/console/payer-refunds/",
    "/console/withdrawals/",
    "/console/api/keys/",
    "/console/cards/",
    "/console/cards/{iccid}/",
    "/console/cards/{iccid}/suspend/",
    "/admin/",
    "/account/password/",
    "/admin/cards/",
    "/admin/cards/card/",
    "/admin/cards/card/{card}/change/",
    "/admin/cards/carrierpolicy/",
    "/admin/cards/carrierpolicy/{policy}/change/",
    "/admin/cards/carrierpolicy/{policy}/history/",
    "/admin/cards/carrierpolicy/add/",
    "/admin/cards/plan/",
    "/admin/cards/plan/add/",
    "/admin/billing/moneyrules/",
    "/admin/billing/moneyrules/1/change/",
    "/admin/billing/pricetier/add/",
    "/admin/cards/customer/",
    "/admin/cards/customer/{customer}/change/",
    "/admin/cards/customer/{customer}/delete/",
    "/console/people/",
    "/console/people/invite/",
    "/console/people/{user}/",
    "/account/",
    "/account/password/",
    "/account/two-factor/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/group/add/",
]


class Forbidden(HTMLParser):
    """Collects what the policy would block: inline styles, scripts and handlers, and whatever another host serves."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        inline_script = tag == "script" and "src" not in attrs and attrs.get("type") != "application/json"
        if inline_script or tag == "style":
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in attrs if name == "style" or name.startswith(("on", "hx-on"))]
        loaded = [attrs.get("src"), attrs.get("href") if tag == "link" else None]
        self.found += [url for url in loaded if url and not url.startswith("/")]


@pytest.fixture
def names():
    card = card_in_use(customer="Acme")
    open_card(test_months=3, test_quota_mb=10)
    policy = CarrierPolicy.objects.first()
    return {"iccid": card.iccid, "card": card.pk, "customer": card.customer_id, "policy": policy.pk}


def policy_of(response):
    return {directive.strip() for directive in response["Content-Security-Policy"].split(";")}


def test_no_page_has_what_its_policy_forbids(names):
    client = superuser()
    names["user"] = client.session["_auth_user_id"]
    found = {}
    for page in PAGES:
        response = client.get(page.format(**names))
        assert (page, response.status_code) == (page, 200)
        assert policy_of(response) == POLICY
        found[page] = Forbidden(text(response)).found
    assert found == {page: [] for page in PAGES}


@pytest.mark.parametrize(
    "page",
    [
        "/admin/login/",
        "/account/new/",
        "/account/reset/",
        "/my/join/",
        "/my/join/x/",
        "/account/reset/set/",
        "/console/cards/89860000000000000001/",
    ],
)
def test_nor_has_a_page_for_strangers_or_one_that_does_not_exist(client, page):
    response = client.get(page, follow=True)
    assert (policy_of(response), Forbidden(text(response)).found) == (POLICY, [])
