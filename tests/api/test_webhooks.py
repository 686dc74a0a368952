"""Webhooks, against a real receiver on this machine: what comes, when it comes again, and where nothing is sent."""

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core import mail
from django.db.models import F
from django.utils import timezone
from django.utils.http import http_date

from cards.calendar import civil_today
from cards.models import AuditEntry, Customer
from simportal.api.actions import deliveries, endpoints, public_addresses
from simportal.api.actions.deliveries import send_due
from simportal.api.actions.endpoints import add_endpoint, secret_of, switch_on
from simportal.api.actions.merging_storms import MOST_WAITING
from simportal.api.actions.posting import post
from simportal.api.actions.signing import signed_headers
from simportal.api.actions.telling import make_events, one_at_a_time, tell_news
from simportal.api.choices import EventType
from simportal.api.mail import tell_owners
from simportal.api.models import ApiEvent, Delivery, Endpoint
from simportal.api.pages.verifying import VERIFYING
from tests.api.program import BASE, Program
from tests.api.receiver import receiving
from tests.build import SHELL, card_in_use, do, member

pytestmark = pytest.mark.django_db

VECTOR = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "at": 1614265330,
    "body": b'{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True


@pytest.fixture
def acme():
    return Customer.objects.get_or_create(name="Acme")[0]


@pytest.fixture
def program(acme):
    return Program(acme)


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def endpoint_at(url, types=(), name="Acme", **values):
    customer = Customer.objects.get_or_create(name=name)[0]
    return add_endpoint(customer, url, types, by=SHELL, **values)


def event(key="e1", kind=EventType.ORDER_PAID, name="Acme", **values):
    """Something that its customer is told; its row."""
    customer = Customer.objects.get(name=name)
    with one_at_a_time():
        row = ApiEvent(customer=customer, type=kind, key=key, at=timezone.now(), data={"order": key}, **values)
        make_events([row])
    return ApiEvent.objects.get(key=key)


def later(**time):
    """So much time passes, for what is to be sent again."""
    Delivery.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - timedelta(**time))


def sent(delivery):
    """What became of a delivery: (outcome, tries, status, problem)."""
    row = Delivery.objects.get(pk=delivery.pk)
    return row.outcome, row.tries, row.code, row.problem


def due_in(delivery):
    """In how many seconds it is sent again."""
    return (Delivery.objects.get(pk=delivery.pk).due_at - timezone.now()).total_seconds()


# what comes


def test_the_vector_of_the_specification():
    headers = signed_headers([VECTOR["secret"]], VECTOR["id"], VECTOR["at"], VECTOR["body"])
    assert headers == {
        "webhook-id": VECTOR["id"],
        "webhook-timestamp": str(VECTOR["at"]),
        "webhook-signature": VECTOR["signature"],
    }
    library = standardwebhooks.Webhook(VECTOR["secret"])
    at = datetime.fromtimestamp(VECTOR["at"], tz=UTC)
    assert library.sign(VECTOR["id"], at, VECTOR["body"].decode()) == VECTOR["signature"]


def test_an_event_comes_signed_and_small(receiver, acme):
    endpoint = endpoint_at(receiver.url)
    card = card_in_use(customer="Acme", msisdn="1440000000001")
    do("suspend", card, civil_today())
    tell_news()
    assert send_due() == Delivery.objects.count() == 5
    (stop,) = [each for each in receiver.received if each.document["type"] == "card.hold_placed"]
    verified = standardwebhooks.Webhook(secret_of(endpoint)).verify(stop.body, stop.headers)
    row = ApiEvent.objects.get(type="card.hold_placed")
    assert (stop.number, stop.path, len(stop.body) < 600) == (f"evt_{row.pk}", "/sim?from=portal", True)
    assert verified == {
        "type": "card.hold_placed",
        "timestamp": timezone.localtime(row.at).isoformat(timespec="seconds"),
        "data": {
            **{"card": card.iccid, "msisdn": "1440000000001", "seq": 3, "action": "suspend"},
            **{"placed": ["voluntary"], "holds": ["voluntary"]},
            "links": {"card": f"{BASE}/cards/{card.iccid}"},
        },
    }
    assert stop.headers["host"] == f"127.0.0.1:{receiver.port}"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret_of(endpoint)).verify(stop.body + b" ", stop.headers)


def test_only_what_is_wanted_comes(receiver, acme):
    endpoint_at(receiver.url, ["order.paid"])
    event("a", EventType.ORDER_PAID)
    event("b", EventType.BALANCE_LOW)
    assert send_due() == 1
    assert [document["type"] for document in receiver.documents] == ["order.paid"]


def test_the_whole_card_comes_where_it_is_wanted(receiver, acme):
    endpoint_at(receiver.url, ["card.hold_placed"], with_card=True)
    card = card_in_use(customer="Acme")
    do("suspend", card, civil_today())
    tell_news()
    send_due()
    (document,) = receiver.documents
    assert document["data"]["card_document"]["state"] == "suspended"
    assert document["data"]["card_document"]["iccid"] == card.iccid


# tries


def test_three_failures_and_then_it_is_taken_under_the_same_number(acme):
    with receiving(500, 503, "drop", 204) as receiver:
        endpoint_at(receiver.url)
        row = event()
        delivery = Delivery.objects.get()
        waits = []
        for _try in range(3):
            assert (send_due(), send_due()) == (1, 0)
            waits.append(due_in(delivery))
            later(days=2)
        assert send_due() == 1
        assert receiver.numbers == [row.number] * 4
        assert len({each.headers["webhook-timestamp"] for each in receiver.received}) >= 1
        assert len({each.body for each in receiver.received}) == 1
    assert sent(delivery) == ("delivered", 4, 204, "")
    for wait, usual in zip(waits, (5, 30, 120), strict=True):
        assert usual * 0.75 < wait < usual * 1.25
    assert Endpoint.objects.get().failing_since is None


@pytest.mark.parametrize(
    ("answer", "code", "problem"),
    [
        (500, 500, "status"),
        (404, 404, "status"),
        ((301, {"Location": "https://example.com/"}, b""), 301, "redirect"),
        ((302, {"Location": "http://127.0.0.1/"}, b""), 302, "redirect"),
        ("drop", None, "no_answer"),
        ("silence", None, "too_late"),
        ("drip", None, "too_late"),
    ],
)
def test_what_is_no_success(answer, code, problem, acme):
    with receiving(answer) as receiver:
        endpoint_at(receiver.url)
        event()
        assert send_due(wall_s=0.3) == 1
        assert len(receiver.received) == 1, "no redirect is followed"
    row = Delivery.objects.get()
    assert (row.code, row.problem, row.outcome, row.is_waiting) == (code, problem, "", True)
    assert row.ms < 2_000
    assert Endpoint.objects.get().failing_since is not None


def test_nobody_listens(acme):
    with receiving() as receiver:
        url = receiver.url
    endpoint_at(url)
    event()
    send_due()
    assert sent(Delivery.objects.get()) == ("", 1, None, "not_connected")


@pytest.mark.parametrize(("said", "at_least", "at_most"), [("1800", 1790, 1801), ("86400", 3590, 3601), ("1", 3, 6.1)])
def test_retry_after_is_kept_to_up_to_an_hour(said, at_least, at_most, acme):
    with receiving((429, {"Retry-After": said}, b"later")) as receiver:
        endpoint_at(receiver.url)
        event()
        send_due()
    assert at_least < due_in(Delivery.objects.get()) < at_most
    assert Delivery.objects.get().answer == "later"


def test_retry_after_may_be_a_date(acme):
    until = http_date(timezone.now().timestamp() + 600)
    with receiving((503, {"Retry-After": until}, b"")) as receiver:
        endpoint_at(receiver.url)
        event()
        send_due()
    assert 590 < due_in(Delivery.objects.get()) < 601


def test_after_the_last_try_it_is_given_up_and_can_be_sent_again(program):
    with receiving(*[500] * 10, 200) as receiver:
        endpoint = endpoint_at(receiver.url)
        row = event()
        delivery = Delivery.objects.get()
        for _try in range(10):
            assert send_due() == 1
            later(days=2)
        assert (sent(delivery), send_due()) == (("failed", 10, 500, "status"), 0)
        path = f"/webhooks/{endpoint.number}/deliveries/{delivery.number}/redeliver"
        status, document = program.post(path, None)
        assert (status, document["outcome"], document["tries"]) == (202, None, 0)
        assert send_due() == 1
        assert receiver.numbers == [row.number] * 11
    assert sent(delivery) == ("delivered", 1, 200, "")


def test_a_worker_that_died_after_sending_leaves_it_to_the_next(receiver, acme):
    endpoint = endpoint_at(receiver.url)
    event()
    delivery = deliveries._claim(endpoint.pk, "dead")
    deliveries._try(delivery, 10)
    assert send_due() == 0, "it is the dead one's still"
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert send_due() == 1
    assert len(receiver.received) == 2
    assert len(set(receiver.numbers)) == 1
    deliveries._write_down(delivery, deliveries.Posted("status", 500))
    assert sent(delivery) == ("delivered", 2, 200, ""), "who was too late writes nothing"


def test_a_long_answer_is_read_no_further_than_its_beginning(acme):
    with receiving((500, {}, b"x\0" * 100_000)) as receiver:
        endpoint_at(receiver.url)
        event()
        send_due()
    answer = Delivery.objects.get().answer
    assert (len(answer), "\0" in answer) == (1_000, False)


def test_what_waits_behind_a_failure_is_left_alone_and_comes_soon_after_a_success(acme):
    with receiving(500, 500, 200) as receiver:
        endpoint_at(receiver.url)
        rows = [event(key) for key in "abcde"]
        assert (send_due(), send_due()) == (2, 0), "two failures, and the others do not knock too"
        assert list(Delivery.objects.order_by("pk").values_list("tries", flat=True)) == [1, 1, 0, 0, 0]
        Delivery.objects.filter(event=rows[0]).update(due_at=timezone.now())
        assert send_due() == 4
        later(days=2)
        assert send_due() == 1
        assert set(receiver.numbers) == {row.number for row in rows}


# secrets


def test_for_a_day_both_secrets_sign(program, receiver):
    status, endpoint = program.post("/webhooks", {"url": receiver.url})
    assert (status, "secret" in json.dumps(endpoint)) == (201, True)
    path = f"/webhooks/{endpoint['id']}"
    former = program.get(f"{path}/secret")[1]["secret"]
    assert program.post(f"{path}/rotate", None)[0] == 200
    secret = program.get(f"{path}/secret")[1]["secret"]
    assert secret != former
    event("a")
    send_due()
    Endpoint.objects.update(former_until=timezone.now())
    event("b")
    send_due()
    both, one = receiver.received
    for each, secrets in ((both, (secret, former)), (one, (secret,))):
        assert each.headers["webhook-signature"].split() == [signature(key, each) for key in secrets]
        standardwebhooks.Webhook(secret).verify(each.body, each.headers)
    row = Endpoint.objects.get()
    assert secret not in row.secrets
    assert former not in row.secrets


def signature(secret, received):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{received.number}.{received.headers['webhook-timestamp']}.".encode() + received.body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def test_no_secret_is_kept_in_an_answer(program, receiver):
    from simportal.api.models import KeptAnswer

    _status, endpoint = program.post("/webhooks", {"url": receiver.url})
    secret = program.get(f"/webhooks/{endpoint['id']}/secret")[1]["secret"]
    assert all(secret not in row.body for row in KeptAnswer.objects.all())


def test_with_another_key_nothing_is_sent_unsigned(receiver, acme, settings):
    from cryptography.fernet import Fernet

    endpoint_at(receiver.url)
    event()
    settings.CARRIER_KEY = [Fernet.generate_key().decode()]
    send_due()
    assert (receiver.received, sent(Delivery.objects.get())) == ([], ("", 1, None, "no_secret"))


# where nothing is sent


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8080/",
        "ftp://example.com/",
        "https://user:password@example.com/",
        "https://example.com/#here",
        "https:///nothing",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest",
        "https://100.100.100.200/",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "nonsense",
        "https://example.com:99999/",
        "https://example.com/" + "x" * 600,
        "https://example.com/a b",
    ],
)
def test_addresses_that_are_not_taken(url, program, settings):
    settings.WEBHOOK_LOOPBACK = False
    status, problem = program.post("/webhooks", {"url": url})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/url")
    assert Endpoint.objects.count() == 0


def test_addresses_that_are_taken(program, settings):
    settings.WEBHOOK_LOOPBACK = False
    for url in ("https://example.com/sim", "https://example.com:8443/?a=b", "https://93.184.216.34/"):
        assert program.post("/webhooks", {"url": url})[1]["url"] == url
    assert program.post("/webhooks", {"url": "https://例子.cn/"})[1]["url"] == "https://xn--fsqu00a.cn/"


class Names:
    """What a name leads to, as the system would say it: each time the next of these lists of addresses."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, name, port, *args, **kwargs):
        if name[0].isdecimal():  # an address, which nobody has to look up
            addresses = [name]
        else:
            self.asked.append(name)
            addresses = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def called(monkeypatch):
    """To which addresses connections are made; there is none."""
    found = []

    def no_connection(address, *args, **kwargs):
        found.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", no_connection)
    return found


def test_a_name_that_leads_to_a_private_address_later_is_asked_once(monkeypatch, called, settings):
    settings.WEBHOOK_LOOPBACK = False
    names = Names(["93.184.216.34"], ["10.0.0.8"])
    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", names)
    assert post("https://rebinds.example.com/", b"{}", {}).problem == "not_connected"
    assert (called, names.asked) == ([("93.184.216.34", 443)], ["rebinds.example.com"])
    assert post("https://rebinds.example.com/", b"{}", {}).problem == "not_public"
    assert len(called) == 1


@pytest.mark.parametrize(
    "addresses",
    [["93.184.216.34", "10.0.0.8"], ["127.0.0.1"], ["100.64.0.1"], ["169.254.169.254"], ["fe80::1%eth0"], ["::1"], []],
)
def test_each_address_of_a_name_has_to_be_public(monkeypatch, called, settings, addresses):
    settings.WEBHOOK_LOOPBACK = False
    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", Names(addresses))
    assert post("https://name.example.com/", b"{}", {}).problem == "not_public"
    assert called == []


def test_with_loopback_allowed_other_private_addresses_are_not(monkeypatch, called):
    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", Names(["10.0.0.8"]))
    assert post("https://name.example.com/", b"{}", {}).problem == "not_public"
    assert called == []


def test_the_next_address_is_tried_where_the_first_is_dead(monkeypatch, called):
    monkeypatch.setattr(public_addresses.socket, "getaddrinfo", Names(["93.184.216.34", "93.184.216.35"]))
    post("https://name.example.com/", b"{}", {})
    assert called == [("93.184.216.34", 443), ("93.184.216.35", 443)]


@pytest.fixture
def secure(tmp_path, monkeypatch):
    """A receiver with a certificate for hooks.example.com, which this machine trusts, and which names lead to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.com")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with receiving() as receiver:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, secret)
        receiver.names = []
        context.sni_callback = lambda _socket, asked, _context: receiver.names.append(asked)
        receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
        monkeypatch.setattr(public_addresses.socket, "getaddrinfo", Names(*[["127.0.0.1"]] * 3))
        yield receiver


def test_the_certificate_is_that_of_the_name_though_the_address_is_called(secure):
    posted = post(f"https://hooks.example.com:{secure.port}/sim", b"{}", {})
    assert (posted.problem, posted.code, secure.names) == ("", 200, ["hooks.example.com"])
    assert secure.received[0].headers["host"] == f"hooks.example.com:{secure.port}"
    assert post(f"https://other.example.com:{secure.port}/sim", b"{}", {}).problem == "not_secure"
    assert len(secure.received) == 1


def test_whoever_never_ends_the_handshake_is_cut_off(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(public_addresses.socket, "getaddrinfo", Names(["127.0.0.1"]))
        posted = post(f"https://hooks.example.com:{silent.getsockname()[1]}/", b"{}", {}, wall_s=0.3)
    assert (posted.problem, posted.ms < 2_000) == ("too_late", True)


def test_no_proxy_of_the_environment_is_asked(receiver, acme, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    endpoint_at(receiver.url)
    event()
    send_due()
    assert len(receiver.received) == 1


# off and on


def test_gone_switches_off_at_once_and_the_owners_are_told(acme, settings):
    settings.SENDS_MAIL = True
    owner, viewer = member("Acme", "alice"), member("Acme", "bob", role="viewer")
    for user in (owner, viewer):
        user.email = f"{user.username}@example.com"
        user.save()
    with receiving(410) as receiver:
        endpoint_at(receiver.url)
        event("a")
        event("b")
        assert send_due() == 1
    endpoint = Endpoint.objects.get()
    assert (endpoint.is_on, endpoint.off_reason, endpoint.mails_owners) == (False, "gone", True)
    tell_owners()
    tell_owners()
    (message,) = mail.outbox
    assert (message.to, endpoint.url in message.body) == (["alice@example.com"], True)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor_kind, entry.details["reason"]) == ("changed", "system", "gone")


def test_five_days_of_failure_switch_off_and_what_was_missed_is_sent_later(program):
    with receiving(*[500] * 3, 200) as receiver:
        endpoint = endpoint_at(receiver.url)
        first = event("a")
        since = timezone.now()
        for ago, is_on in ((timedelta(), True), (timedelta(days=4, hours=23), True), (timedelta(days=5), False)):
            Endpoint.objects.update(failing_since=since - ago if ago else None)
            later(days=2)
            assert send_due() == 1
            assert Endpoint.objects.get().is_on is is_on
        second = event("b")
        assert Delivery.objects.count() == 1, "nothing is put on its way to what is off"
        later(days=2)
        assert send_due() == 0
        status, document = program.get(f"/webhooks/{endpoint.number}")
        assert (status, document["is_on"], document["off_reason"]) == (200, False, "failing")
        send = program.send("PATCH", f"{BASE}/webhooks/{endpoint.number}", {"is_on": True})
        assert (send.status_code, send.json()["is_on"], send.json()["failing_since"]) == (200, True, None)
        assert send_due() == 2
        assert receiver.numbers == [first.number] * 4 + [second.number]


def test_switched_on_without_what_was_missed(program, receiver):
    endpoint = endpoint_at(receiver.url)
    event("a")
    patch = f"{BASE}/webhooks/{endpoint.number}"
    program.send("PATCH", patch, {"is_on": False})
    event("b")
    assert send_due() == 0
    program.send("PATCH", patch, {"is_on": True, "send_missed": False})
    third = event("c")
    send_due()
    assert receiver.numbers == [third.number]
    assert Delivery.objects.order_by("pk").first().outcome == "dropped"


def test_what_is_older_than_is_kept_is_not_sent_later(receiver, acme):
    endpoint = endpoint_at(receiver.url)
    endpoints.switch_off(endpoint, by=SHELL)
    old, new = event("a"), event("b")
    ApiEvent.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=91))
    switch_on(Endpoint.objects.get(), by=SHELL, sends_missed=True)
    send_due()
    assert receiver.numbers == [new.number]


def test_a_test_goes_to_its_own_webhook_alone(program, receiver):
    with receiving() as other:
        endpoint, _other = endpoint_at(receiver.url, ["order.paid"]), endpoint_at(other.url)
        status, document = program.post(f"/webhooks/{endpoint.number}/test", None)
        assert (status, document["type"]) == (202, "webhook.test")
        send_due()
        assert (receiver.documents[0]["data"], other.received) == ({"webhook": endpoint.number}, [])
    assert program.get("/events")[1]["items"] == []
    program.send("PATCH", f"{BASE}/webhooks/{endpoint.number}", {"is_on": False})
    status, problem = program.post(f"/webhooks/{endpoint.number}/test", None)
    assert (status, problem["code"]) == (409, "webhook_off")


# storms


def test_in_a_storm_of_each_card_the_latest_of_each_type_is_sent(receiver, acme):
    endpoint_at(receiver.url)
    cards = [card_in_use(customer="Acme") for _ in range(2)]
    many = MOST_WAITING // 4

    def storm(number):
        customer, at = Customer.objects.get(name="Acme"), timezone.now()
        with one_at_a_time():
            rows = [
                ApiEvent(customer=customer, type=kind, card=card, key=f"{number}-{kind}-{card.pk}-{i}", at=at, data={})
                for i in range(many)
                for card in cards
                for kind in ("card.state_changed", "card.hold_placed")
            ]
            make_events(rows)

    event("of no card")
    Delivery.objects.all().delete()
    storm(1)
    assert Delivery.objects.filter(due_at__isnull=False).count() == MOST_WAITING
    alone = event("also of no card")
    left = Delivery.objects.filter(due_at__isnull=False)
    assert left.count() == 5
    assert {row.event_id for row in left} == {
        *ApiEvent.objects.filter(key__endswith=f"-{many - 1}").values_list("pk", flat=True),
        alone.pk,
    }
    assert Delivery.objects.filter(outcome="merged").count() == MOST_WAITING - 4


# the API


def test_from_the_first_webhook_to_the_last(program, receiver):
    status, made = program.post("/webhooks", {"url": receiver.url, "types": ["order.paid"]})
    assert (status, made["url"], made["types"], made["is_on"]) == (201, receiver.url, ["order.paid"], True)
    assert program.get("/webhooks") == (200, {"items": [made]})
    path = f"/webhooks/{made['id']}"
    changed = program.send("PATCH", BASE + path, {"types": [], "with_card": True}).json()
    assert changed == made | {"types": [], "with_card": True}
    event("a"), event("b")
    send_due()
    status, page = program.get(f"{path}/deliveries?limit=1")
    (row,) = page["items"]
    assert (status, row["outcome"], row["status"], row["answer"]) == (200, "delivered", 200, "ok")
    assert program.get(f"{path}/deliveries/{row['id']}") == (200, row)
    rest = program.get(f"{path}/deliveries?limit=1&next={page['next']}")[1]
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert program.get(f"{path}/deliveries?outcome=failed")[1]["items"] == []
    assert program.send("DELETE", BASE + path).status_code == 204
    assert program.get(path)[0] == 404
    assert [entry.action for entry in AuditEntry.objects.filter(details__kind="api.endpoint").order_by("pk")] == [
        *("added", "changed", "deleted"),
    ]


def test_webhooks_of_others_are_none(program, receiver):
    other = Program(Customer.objects.create(name="Other"))
    endpoint = endpoint_at(receiver.url)
    event()
    delivery = Delivery.objects.get()
    path = f"/webhooks/{endpoint.number}"
    for asked in (path, f"{path}/secret", f"{path}/deliveries", f"{path}/deliveries/{delivery.number}"):
        assert (program.get(asked)[0], other.get(asked)[0]) == (200, 404)
    for asked in (f"{path}/rotate", f"{path}/test", f"{path}/deliveries/{delivery.number}/redeliver"):
        assert other.post(asked, None)[0] == 404
    for method, body in (("PATCH", {"is_on": False}), ("DELETE", None)):
        assert other.send(method, BASE + path, body).status_code == 404
    assert other.get("/webhooks") == (200, {"items": []})
    theirs = endpoint_at(receiver.url, name="Other")
    assert other.get(f"/webhooks/{theirs.number}/deliveries/{delivery.number}")[0] == 404
    for wrong in ("wh_0", "wh_x", "12", "wh_99999999999999999999"):
        assert program.get(f"/webhooks/{wrong}")[0] == 404


def test_a_key_without_the_permission(acme):
    reads = Program(acme, scopes=["cards:read"])
    assert reads.get("/webhooks")[0] == 403
    assert reads.post("/webhooks", {"url": "https://example.com/"})[0] == 403


def test_ten_webhooks_are_the_most(program):
    for number in range(10):
        assert program.post("/webhooks", {"url": f"https://example.com/{number}"})[0] == 201
    status, problem = program.post("/webhooks", {"url": "https://example.com/10"})
    assert (status, problem["code"]) == (409, "too_many_webhooks")
    status, problem = program.post("/webhooks", {"url": "https://example.com/", "types": ["card.eaten"]})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/types")


def test_the_guide_has_the_samples_of_the_page():
    guide = (settings.BASE_DIR / "docs" / "webhooks.md").read_text()
    blocks = re.findall(r"```(?:python|java|php|js)\n(.*?)```", guide, re.DOTALL)
    assert blocks == list(VERIFYING.values())


def test_the_sample_knows_what_comes_from_here():
    sample = {}
    exec(VERIFYING["Python"], sample)
    secret, body, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 1}', int(time.time())
    headers = signed_headers([secret], "evt_1", at, body)
    assert sample["is_from_the_portal"](secret, headers, body)
    assert not sample["is_from_the_portal"](secret, headers, body + b" ")
    assert not sample["is_from_the_portal"](secret, signed_headers([secret], "evt_1", at - 301, body), body)
