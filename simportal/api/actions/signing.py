"""Signatures by the Standard Webhooks specification (standardwebhooks.com), as its libraries verify them."""

import base64
import hashlib
import hmac
import secrets

_MARK = "whsec_"
_SECRET_BYTES = 32


def new_signing_secret():
    return _MARK + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(signing, number, at, body):
    """The headers of a delivery: `number` of the event, `at` in seconds, and a signature by each of the secrets."""
    signatures = [f"v1,{_signature(secret, number, at, body)}" for secret in signing]
    return {"webhook-id": number, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def _signature(secret, number, at, body):
    key = base64.b64decode(secret.removeprefix(_MARK))
    text = f"{number}.{at}.".encode() + body
    return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
