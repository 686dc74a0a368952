import hashlib
import hmac
import unicodedata

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cards.keys import listed_keys
from cards.models.fields import CharField

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 that nobody takes for another: without I, O, 0 and 1
LENGTH = 12  # 60 bits
GROUP = 4


class ClaimCode(models.Model):
    """The code that is printed with a card: anyone who knows it may claim the card while it is in stock, once.

    Only the hash is kept. The code itself follows from the portal's secret key, so that a label can be printed again
    while the key that it was made with is listed; it is checked against the hash alone, so labels stay valid whatever
    becomes of that key. A code that was used or given away is replaced by the next `generation`.
    """

    card = models.OneToOneField("cards.Card", models.CASCADE, related_name="claim_code", verbose_name=_("card"))
    generation = models.PositiveIntegerField(_("generation"), default=1)
    digest = CharField(_("hash"), max_length=64, editable=False)
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

    def key_of(self, iccid: str) -> str | None:
        """The listed secret key that the code was made with."""
        for key in listed_keys():
            if hmac.compare_digest(digest_of(iccid, code_of(iccid, self.generation, key)), self.digest):
                return key
        return None


def code_of(iccid: str, generation: int, key: str | None = None) -> str:
    """The claim code of a card as it is printed: ABCD-EFGH-JKLM."""
    made = salted_hmac("cards.claim_code", f"{iccid}/{generation}", key, algorithm="sha256")
    number = int.from_bytes(made.digest())
    letters = "".join(LETTERS[number >> 5 * place & 31] for place in range(LENGTH))
    return "-".join(letters[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def bare(code: str) -> str:
    """A code as somebody typed it, without what they put between the letters."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", code).upper() if letter.isalnum())


def digest_of(iccid: str, code: str) -> str:
    """The hash by which a code is known. 60 random bits need no slow hash, and a million are made in an import."""
    return hashlib.sha256(f"{iccid}/{bare(code)}".encode()).hexdigest()
