import hashlib
import hmac
import re
import unicodedata
from functools import lru_cache

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cards.keys import listed_keys
from cards.models.fields import CharField

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 that nobody takes for another: without I, O, 0 and 1
LENGTH = 12  # 60 bits
GROUP = 4
ADDRESS_LENGTH = 16  # 80 bits: nobody counts the tries of an address
KEYS_IN_MIND = 8  # the portal has one, and those that are listed beside it
BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TOKEN = re.compile(rf"([0-9A-Z]{{1,12}})-([{LETTERS}]{{{ADDRESS_LENGTH}}})")


class ClaimCode(models.Model):
    """The code that is printed with a card: anyone who knows it may claim the card while it is in stock, once.

    Beside it stands a square with the card's own address: whoever has it sees how the card is and may pay for it, for
    as long as the card stays with its customer. Only the hashes are kept. Code and address follow from the portal's
    secret key, so that a label can be printed again while the key that it was made with is listed; they are checked
    against the hashes alone, so labels stay valid whatever becomes of that key. A label that was used or given away is
    replaced by the next `generation`. Rows of before have no address until their label is printed.
    """

    card = models.OneToOneField("cards.Card", models.CASCADE, related_name="claim_code", verbose_name=_("card"))
    generation = models.PositiveIntegerField(_("generation"), default=1)
    digest = CharField(_("hash"), max_length=64, editable=False)
    address_digest = CharField(_("hash of the address"), max_length=64, default="", db_default="", editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("used by")
    )
    used_at = models.DateTimeField(_("used at"), null=True)

    class Meta:
        verbose_name = _("claim code")
        verbose_name_plural = _("claim codes")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.card} · {self.generation}"

    def printed(self, iccid: str) -> str:
        """The code as it stands on the label; empty if the secret key that it was made with is not listed any more."""
        key = self.key_of(iccid)
        return code_of(iccid, self.generation, key) if key else ""

    def printed_token(self, iccid: str) -> str:
        """What the card's address ends with on the label; empty if the key that it was made with is not listed."""
        for key in listed_keys():
            letters = address_letters(iccid, self.generation, key)
            if self.opens_with(iccid, letters):
                return f"{_base36(self.card_id)}-{letters}"
        return ""

    def opens_with(self, iccid: str, letters: str) -> bool:
        """Whether these are the letters of the card's address now; it takes as long if they are not."""
        return hmac.compare_digest(address_digest_of(iccid, letters), self.address_digest)

    def key_of(self, iccid: str) -> str | None:
        """The listed secret key that the code was made with."""
        for key in listed_keys():
            if hmac.compare_digest(digest_of(iccid, code_of(iccid, self.generation, key)), self.digest):
                return key
        return None


def letters_on_label(iccid: str, generation: int, key: str | None = None) -> tuple[str, str]:
    """What is on a card's label: the letters of its claim code, and what nobody can guess of its address. They are
    different bits of one keyed hash, for a million are made in an import."""
    made = _keyed(key or settings.SECRET_KEY).copy()
    made.update(f"{iccid}/{generation}".encode())
    number = int.from_bytes(made.digest())
    letters = "".join([LETTERS[number >> 5 * place & 31] for place in range(LENGTH + ADDRESS_LENGTH)])
    return letters[:LENGTH], letters[LENGTH:]


@lru_cache(KEYS_IN_MIND)
def _keyed(key: str) -> hmac.HMAC:
    """The keyed hash before anything was hashed: to derive the key takes longer than the rest."""
    return salted_hmac("cards.claim_code", "", key, algorithm="sha256")


def code_of(iccid: str, generation: int, key: str | None = None) -> str:
    """The claim code of a card as it is printed, ABCD-EFGH-JKLM."""
    return in_groups(letters_on_label(iccid, generation, key)[0])


def address_letters(iccid: str, generation: int, key: str | None = None) -> str:
    """What nobody can guess of a card's address."""
    return letters_on_label(iccid, generation, key)[1]


def read_token(token: str) -> tuple[int, str]:
    """The key of the card that an address is of, and its letters; (0, "") for what is no address of ours."""
    found = TOKEN.fullmatch(token.upper())
    return (int(found[1], 36), found[2]) if found else (0, "")


def in_groups(letters: str) -> str:
    """Letters as people read and type them: ABCD-EFGH-JKLM."""
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE_36[digit] + digits
    return digits


def bare(code: str) -> str:
    """A code as somebody typed it, without what they put between the letters."""
    text = unicodedata.normalize("NFKC", code).upper()
    return text if text.isalnum() else "".join(filter(str.isalnum, text))


def digest_of(iccid: str, code: str) -> str:
    """The hash by which a code is known. 60 random bits need no slow hash, and a million are made in an import."""
    return address_digest_of(iccid, bare(code))


def address_digest_of(iccid: str, letters: str) -> str:
    """The hash by which an address is known."""
    return hashlib.sha256(f"{iccid}/{letters}".encode()).hexdigest()
