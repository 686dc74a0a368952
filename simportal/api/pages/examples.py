"""How the operations of the API that matter most are asked: declared once, shown on its page, and run by the tests.

What differs from one reader to the next stands in the environment: `PORTAL` is the address of the portal, `API_KEY` the
key, `CARD` the ICCID of a card, `OPERATION` the number of an operation.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What each example in Python begins with.
ASK = """\
import json, os, urllib.error, urllib.parse, urllib.request, uuid

PORTAL, KEY, CARD = os.environ["PORTAL"], os.environ["API_KEY"], os.environ["CARD"]


def ask(method, path, body=None, **headers):
    headers |= {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if method != "GET":
        headers.setdefault("Idempotency-Key", str(uuid.uuid4()))  # keep it, and send it again if no answer comes
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(PORTAL + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
"""


@dataclass(frozen=True)
class Example:
    """What is done with an operation, and how, in a shell with curl and in Python."""

    operation: str
    title: Promise
    curl: str
    python: str


API_EXAMPLES = (
    Example(
        "me",
        _("Which customer the key is of, and what it may"),
        """\
curl "$PORTAL/api/v1/me" -H "Authorization: Bearer $API_KEY"
""",
        """\
status, me = ask("GET", "/api/v1/me")
print(me["customer"], [scope["scope"] for scope in me["scopes"] if scope["granted"]])
""",
    ),
    Example(
        "list_cards",
        _("All cards in use, page by page"),
        """\
curl "$PORTAL/api/v1/cards?state=in_use&limit=200&fields=iccid,holds,cycle" -H "Authorization: Bearer $API_KEY"
""",
        """\
place = ""
while place is not None:
    status, page = ask("GET", f"/api/v1/cards?state=in_use&limit=200&next={urllib.parse.quote(place)}")
    for card in page["items"]:
        print(card["iccid"], card["holds"], card["cycle"]["used_bytes"])
    place = page["next"]
""",
    ),
    Example(
        "get_card",
        _("One card"),
        """\
curl "$PORTAL/api/v1/cards/$CARD" -H "Authorization: Bearer $API_KEY"
""",
        """\
status, card = ask("GET", f"/api/v1/cards/{CARD}")
print(card["state"], card["holds"], card["service_until"])
""",
    ),
    Example(
        "preview",
        _("What would become of many cards"),
        """\
curl "$PORTAL/api/v1/actions/preview" -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
  -d '{"action": "suspend", "selection": {"state": "in_use"}}'
""",
        """\
status, preview = ask("POST", "/api/v1/actions/preview", {"action": "suspend", "selection": {"state": "in_use"}})
print(preview["summary"])
""",
    ),
    Example(
        "act_on_card",
        _("Suspend a card"),
        """\
curl "$PORTAL/api/v1/cards/$CARD/actions" -H "Authorization: Bearer $API_KEY" \\
  -H "Idempotency-Key: workshop-$(date +%s)" -H "Content-Type: application/json" \\
  -d '{"action": "suspend", "reason": "device in the workshop"}'
""",
        """\
status, operation = ask("POST", f"/api/v1/cards/{CARD}/actions", {"action": "suspend", "reason": "in the workshop"})
if status == 409:  # it cannot be done now: why, and what can be done instead
    print(operation["code"], operation["detail"], operation["allowed"])
""",
    ),
    Example(
        "get_operation",
        _("Wait until the carrier has done its part"),
        """\
curl "$PORTAL/api/v1/operations/$OPERATION" \\
  -H "Authorization: Bearer $API_KEY" -H "Prefer: wait=10"
""",
        """\
if status == 202:
    status, operation = ask("GET", operation["links"]["self"], Prefer="wait=10")
print(status, operation)
""",
    ),
    Example(
        "act_on_many",
        _("Resume many cards"),
        """\
curl "$PORTAL/api/v1/actions" -H "Authorization: Bearer $API_KEY" \\
  -H "Idempotency-Key: road-$(date +%s)" -H "Content-Type: application/json" \\
  -d "{\\"action\\": \\"resume\\", \\"cards\\": [\\"$CARD\\"], \\"reason\\": \\"back on the road\\"}"
""",
        """\
status, operation = ask("POST", "/api/v1/actions", {"action": "resume", "cards": [CARD], "reason": "back on the road"})
print(status, operation["links"]["items"] if status == 202 else operation["detail"])
""",
    ),
    Example(
        "get_balance",
        _("What the wallet holds"),
        """\
curl "$PORTAL/api/v1/balance" -H "Authorization: Bearer $API_KEY"
""",
        """\
status, balance = ask("GET", "/api/v1/balance")
print(balance)
""",
    ),
    Example(
        "preview_order",
        _("What a renewal would cost"),
        """\
curl "$PORTAL/api/v1/orders/preview" -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
  -d "{\\"kind\\": \\"renewal\\", \\"cards\\": [\\"$CARD\\"]}"
""",
        """\
status, preview = ask("POST", "/api/v1/orders/preview", {"kind": "renewal", "cards": [CARD]})
print(preview["total"], preview["refusals"])
""",
    ),
    Example(
        "place_order",
        _("Renew a card"),
        """\
curl "$PORTAL/api/v1/orders" -H "Authorization: Bearer $API_KEY" \\
  -H "Idempotency-Key: renewal-$(date +%s)" -H "Content-Type: application/json" \\
  -d "{\\"kind\\": \\"renewal\\", \\"cards\\": [\\"$CARD\\"]}"
""",
        """\
status, order = ask("POST", "/api/v1/orders", {"kind": "renewal", "cards": [CARD], "expected_total": preview["total"]})
print(status, order["id"] if status == 201 else order["detail"])
""",
    ),
)
