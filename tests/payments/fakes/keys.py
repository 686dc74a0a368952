"""The keys of a test run: RSA pairs, each made once, and a certificate of one."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


@cache
def pair(name):
    """The pair of this name: of the provider, its next one, the merchant, or a stranger."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(name, form=serialization.PrivateFormat.PKCS8):
    encoding, secret = serialization.Encoding.PEM, serialization.NoEncryption()
    return pair(name).private_bytes(encoding, form, secret).decode()


def public_pem(name):
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return pair(name).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def bare(pem):
    """A key as Alipay's tools hand it out: its base64 in one line."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


@cache
def certificate(name, number):
    """A certificate of the pair, with this serial number: (serial as its owner calls it, PEM)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(pair(name).public_key()).serial_number(number)
    now = datetime.now(UTC)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1000))
    made = builder.sign(pair(name), hashes.SHA256())
    return f"{number:X}", made.public_bytes(serialization.Encoding.PEM).decode()


def signature(name, message):
    """SHA256 with RSA (PKCS#1 v1.5), in base64."""
    return b64encode(pair(name).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(name, signed, message):
    try:
        pair(name).public_key().verify(b64decode(signed, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
