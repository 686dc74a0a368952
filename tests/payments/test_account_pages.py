"""The payment accounts in the console: made and changed, tried by ¥0.01, and what is said where there is none."""

import re
import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.actions.provider_saving import save_provider_account
from billing.choices import Account, OrderKind, PayerRefundState
from billing.models import PayerRefund, Payment, ProviderAccount
from cards.ciphers import deciphered
from cards.permissions import Actor
from tests.billing import build as b
from tests.build import card_in_use, member
from tests.console.pages import logged_in, of_role, superuser, text
from tests.payments.paper import said_paid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("paper")]

ENGLISH, CHINESE = {"accept-language": "en"}, {"accept-language": "zh-hans"}
PAYMENTS = "/console/payments/"
SEAL = "not-to-be-seen-anywhere"


def plain(answer):
    return " ".join(re.sub("<[^>]*>", " ", text(answer)).split())


def look(client, path=PAYMENTS, language=ENGLISH):
    return plain(client.get(path, headers=language))


def make(client, **told):
    filled = {"protocol": "paper", "name": "main", "shop": "7", "their_key": "abc", "seal": SEAL} | told
    return client.post(f"{PAYMENTS}new/", filled, headers=ENGLISH)


def an_account(name="main", is_on=False, shop="7", **secrets):
    values = {"shop": shop, "their_key": "abc"}
    told = {"protocol": "paper", "values": values, "secrets": {"seal": SEAL} | secrets, "is_on": is_on}
    return save_provider_account(name, by=Actor.shell(), **told)


def try_it(client, account, way="page", key=None):
    path = f"{PAYMENTS}{account.pk}/try/"
    return client.post(path, {"key": key or str(uuid.uuid4()), "way": way}, headers=ENGLISH)


def test_without_an_account_the_page_says_that_nobody_can_pay(settings):
    settings.LOCAL_PAYMENTS = False
    page = look(of_role("finance"))
    assert "Nobody can pay online: no payment account is in use." in page
    assert ("An administrator sets one up." in page, "New payment account" in page) == (True, False)
    page = look(superuser())
    assert ("An administrator sets one up." in page, "New payment account" in page) == (False, True)
    settings.LOCAL_PAYMENTS = True
    assert "Nobody can pay online" not in look(of_role("auditor"))


def test_an_account_is_made_by_the_form_of_its_provider():
    client = superuser()
    assert "Paper pay" in look(client, f"{PAYMENTS}new/")
    form = text(client.get(f"{PAYMENTS}new/?protocol=paper", headers=ENGLISH))
    assert ('value="paper"' in form, "Empty: https://api.paper.example." in form) == (True, True)
    assert [client.get(f"{PAYMENTS}new/?protocol={name}").status_code for name in ("cheque", "local")] == [404, 404]
    made = make(client, our_key="one\r\ntwo\r\n", is_on="on")
    account = ProviderAccount.objects.get()
    assert made["Location"] == f"{PAYMENTS}{account.pk}/"
    assert (account.name, account.protocol, account.is_on, account.base_url, account.rank, account.fields) == (
        "main",
        "paper",
        True,
        "",
        0,
        {"shop": "7", "their_key": "abc"},
    )
    assert deciphered(account.secrets) == {"seal": SEAL, "our_key": "one\ntwo"}
    page = look(client, made["Location"])
    assert "main In use, never tried Paper pay" in page
    assert "Shop 7 Corner not set Their key set Seal set Our key set" in page
    assert "/pay/main/notify/" in page
    assert (SEAL in page, "one two" in page) == (False, False)


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made():
    client = superuser()
    answer = make(client, base_url="https://api.paper.example/path", our_key="ours-4711")
    assert (answer.status_code, "An address is a scheme, a host" in plain(answer)) == (422, True)
    assert (SEAL in text(answer), "ours-4711" in text(answer)) == (False, False)
    assert "A name has 1 to 16 small letters" in plain(make(client, name="Main"))
    assert "A seal has eight letters or more." in plain(make(client, seal="short"))
    lacking = plain(make(client, shop="", their_key="", is_on="on"))
    assert "An account that is on needs these too: Shop, Their key." in lacking
    assert ProviderAccount.objects.count() == 0
    make(client)
    assert "There is an account of this name already." in plain(make(client, shop="8"))
    assert ProviderAccount.objects.get().fields["shop"] == "7"


def test_a_secret_that_is_not_typed_stays_and_one_that_is_replaces():
    client, account = superuser(), an_account(our_key="ours-4711")
    path = f"{PAYMENTS}{account.pk}/edit/"
    form = text(client.get(path, headers=ENGLISH))
    assert (SEAL in form, "ours-4711" in form, form.count("Set. Leave it empty to keep it.")) == (False, False, 2)
    client.post(path, {"shop": "8", "their_key": "abc", "rank": "4"})
    changed = ProviderAccount.objects.get()
    assert (changed.secrets, changed.fields["shop"], changed.rank) == (account.secrets, "8", 4)
    client.post(path, {"shop": "8", "their_key": "abc", "rank": "", "seal": "another-seal"})
    changed = ProviderAccount.objects.get()
    assert (deciphered(changed.secrets), changed.rank) == ({"seal": "another-seal", "our_key": "ours-4711"}, 4)


def test_only_superusers_make_accounts_and_finance_tries_them():
    account = an_account()
    one = f"{PAYMENTS}{account.pk}/"
    paths = [PAYMENTS, one, f"{PAYMENTS}new/", f"{one}edit/", f"{one}try/"]
    clients = {role: of_role(role) for role in ("finance", "auditor")}
    found = {role: [client.get(path).status_code for path in paths] for role, client in clients.items()}
    assert found == {"finance": [200, 200, 403, 403, 200], "auditor": [200, 200, 403, 403, 403]}
    assert make(of_role("operations")).status_code == 403
    assert try_it(of_role("support"), account).status_code == 403
    assert Payment.objects.count() == 0


def test_an_account_is_tried_by_a_fen_that_comes_back():
    client, account = of_role("finance"), an_account()
    path = f"{PAYMENTS}{account.pk}/try/"
    assert "You pay ¥0.01 of your own" in look(client, path)
    key = str(uuid.uuid4())
    answers = [try_it(client, account, key=key)["Location"] for _twice in range(2)]
    payment = Payment.objects.get()
    assert answers == [f"/pay/{payment.key}/"] * 2
    assert (payment.amount, payment.customer, payment.provider, payment.way) == (Decimal("0.01"), None, "main", "page")
    assert payment.begun["address"] == f"https://api.paper.example/{payment.key.hex}"
    assert "Pay it. What the provider says of it comes here by itself." in look(client, path)

    said_paid(payment)
    account = ProviderAccount.objects.get()
    assert account.tried_at == Payment.objects.get().paid_at
    assert b.books() == {Account.PROVIDERS: Decimal("-0.01"), Account.PAYBACK: Decimal("0.01")}
    page = look(client, answers[0])
    assert "Paid: the account takes payments. The money goes back to you by itself." in page
    assert f'href="{path}"' in text(client.get(answers[0]))
    page = look(client, path)
    assert "Paid Queued It is paid, and the money is on its way back." in page

    PayerRefund.objects.update(state=PayerRefundState.FAILED, words="NOT_ENOUGH balance")
    page = look(client, path)
    assert "Paid Failed It is paid, and the provider does not give the money back." in page
    assert "NOT_ENOUGH balance" in page
    PayerRefund.objects.update(state=PayerRefundState.DONE, ended_at=timezone.now(), words="")
    assert "Paid Paid back It is paid, and the money is back: the account works." in look(client, path)


@pytest.mark.parametrize(
    ("shop", "said", "advice"),
    [
        ("refuses", "Paper pay has not taken the payment: no such shop", "The provider has refused it."),
        ("silent", "Paper pay could not be reached.", "The provider could not be reached."),
    ],
)
def test_a_trial_that_does_not_begin_says_what_to_do(shop, said, advice):
    client, account = of_role("finance"), an_account(shop=shop)
    answer = try_it(client, account)
    assert answer["Location"] == f"/pay/{Payment.objects.get().key}/"
    page = look(client, f"{PAYMENTS}{account.pk}/try/")
    assert (said in page, advice in page, ProviderAccount.objects.get().tried_at) == (True, True, None)


def test_an_account_that_cannot_work_is_not_tried():
    account, client = an_account(shop="", seal=""), of_role("finance")
    answer = try_it(client, account)
    assert (answer.status_code, "Still missing: shop, seal." in plain(answer)) == (422, True)
    account = an_account(shop="7")
    assert [try_it(client, account, way).status_code for way in ("jsapi", "", "page")] == [422, 422, 302]
    assert Payment.objects.count() == 1


def test_the_list_says_what_goes_through_each_account():
    account = an_account(is_on=True)
    client = of_role("finance")
    page = look(client)
    assert "It was not tried yet, as it is set now: pay ¥0.01 through it before customers do. Try it out" in page
    assert "Try it out" not in look(of_role("auditor"))
    try_it(client, account)
    assert "Payments that wait to be paid 1 Refunds to payers on their way 0 Failed refunds to payers 0" in look(client)
    said_paid(Payment.objects.get())
    page = look(client)
    assert "main In use Paper pay" in page
    assert "Payments that wait to be paid 0 Refunds to payers on their way 1 Failed refunds to payers 0" in page


@pytest.mark.parametrize("takers", [(), ("main",)])
def test_where_nobody_takes_payments_wallet_and_orders_say_what_to_do(settings, takers):
    settings.LOCAL_PAYMENTS = False
    for name in takers:
        an_account(name, is_on=True)
    nobody = not takers
    wallet = look(logged_in(member("Acme")), "/my/wallet/")
    assert ("ask your dealer how to top up" in wallet, "Top up online" in wallet) == (nobody, not nobody)
    b.price("Y1-30", 30)
    order = b.placed(OrderKind.RENEWAL, [card_in_use(customer="Acme")])
    page = look(of_role("finance"), f"/console/orders/{order.pk}/")
    assert ("no payment account is in use" in page, "Pay ¥30.00 online" in page) == (nobody, not nobody)


def test_the_list_costs_the_same_however_many_accounts(django_assert_max_num_queries):
    for name in ("a", "b", "c", "d"):
        an_account(name, is_on=True)
    client = of_role("finance")
    client.get("/console/")
    with django_assert_max_num_queries(20):
        client.get(PAYMENTS)


def test_it_says_where_the_provider_cannot_tell_the_portal_anything(settings):
    an_account()
    assert "PORTAL_URL is not set" not in look(of_role("finance"))
    settings.PORTAL_URL = ""
    assert "PORTAL_URL is not set" in look(logged_in(b.financier("view_provideraccount", username="looks")))
