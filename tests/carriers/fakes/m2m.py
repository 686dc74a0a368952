"""China Telecom's older door m2m_ec, as section 3b of `carrier-protocols.md` has it."""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.carriers.fakes.base import Reply
from tests.carriers.fakes.telecom import KINDS, TelecomFake

DOORS = ("/m2m_ec/query.do", "/m2m_ec/app/serviceAccept.do", "/m2m_ec/app/pay.do", "/m2m_ec/app/location.do")
SIGNED = {  # beside number, user, password and method
    "disabledNumber": ("acctCd", "orderTypeId"),
    "offNetAction": ("action", "quota", "type"),
    "singleCutNet": ("action",),
    "IMEIReRecord": ("action",),
}
DATES = ("startDate", "endDate")

# DES takes 56 of the 64 bits of a key by this table. Its right half is another one at this carrier (plain columns): to
# be enciphered so, a key is laid out anew, that the usual table finds in it what theirs finds in the key.
USUAL = [
    *(57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36),
    *(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4),
]
THEIRS = [8 * row + column + 1 for column in range(7) for row in range(7, -1, -1)]


def _laid_out(key):
    """This key of 8 bytes as the usual DES needs it."""
    bits = f"{int.from_bytes(key):064b}"
    laid = ["0"] * 64
    for usual, theirs in zip(USUAL, THEIRS, strict=True):
        laid[usual - 1] = bits[theirs - 1]
    return int("".join(laid), 2).to_bytes(8)


def str_enc(text, key):
    """The text in capital hexadecimal digits, enciphered with the three parts of the key one after the other."""
    keys = [_laid_out(_padded(key[at : at + 3])) for at in (0, 3, 6)]
    pieces = (_padded(text[at : at + 4]) for at in range(0, len(text), 4))
    return "".join(_enciphered(piece, keys).hex().upper() for piece in pieces)


def _padded(piece):
    return piece.encode("utf-16-be").ljust(8, b"\0")


def _enciphered(block, keys):
    for key in keys:
        encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # three equal keys: DES
        block = encryptor.update(block) + encryptor.finalize()
    return block


class M2MFake(TelecomFake):
    NAME = "m2m"

    def begin(self):
        super().begin()
        self.fields = {"user_id": f"user{self.random.randrange(10**6)}"}
        self.secrets = {
            "password": f"Pw{self.random.randrange(10**8):08d}",
            "key": "".join(self.random.sample("abcdefghjkmnpqrstuvwxyz23456789", 9)),
        }
        self.signs_dates = self.random.choice(["yes", "no"])

    @property
    def settings(self):
        return {"sign_dates": self.signs_dates}

    def kind_of(self, heard):
        return KINDS[heard.parameters["method"]], (self._number(heard.parameters),)

    @staticmethod
    def _number(said):
        (number,) = [said[name] for name in ("access_number", "iccid", "imsi") if name in said]
        return number

    def answer(self, heard):
        said = heard.parameters
        if heard.method != "GET" or heard.path not in DOORS:
            raise ValueError("door")
        number, method = self._number(said), said["method"]
        user, password, key = self.fields["user_id"], self.secrets["password"], self.secrets["key"]
        if said["user_id"] != user or said["passWord"] != str_enc(password, key):
            return Reply.plain("用户名或密码错误")
        signed = [said[name] for name in SIGNED.get(method, ())]
        if self.signs_dates == "yes":
            signed += [said[name] for name in DATES if name in said]
        if said["sign"] != str_enc(",".join(sorted([number, user, password, method, *signed])), key):
            return Reply.plain("签名错误")
        sim = self.find(number)
        if sim is None:
            return self.no_card()
        return getattr(self, f"do_{method}")(heard, said, sim)
