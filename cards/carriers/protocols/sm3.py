"""The hash SM3 (GB/T 32905), by OpenSSL where it has it, and else by hand: not every machine's does."""

import hashlib

BEGIN: tuple[int, ...] = (
    0x7380166F,
    0x4914B2B9,
    0x172442D7,
    0xDA8A0600,
    0xA96F30BC,
    0x163138AA,
    0xE38DEE4D,
    0xB0FB0E4E,
)
BLOCK_BYTES = 64
WORD = 0xFFFFFFFF


def sm3_hex(data: bytes) -> str:
    """The hash as 64 small hexadecimal digits."""
    try:
        return hashlib.new("sm3", data).hexdigest()
    except ValueError:
        return sm3_by_hand(data)


def sm3_by_hand(data: bytes) -> str:
    padded = data + b"\x80" + bytes((BLOCK_BYTES - 9 - len(data)) % BLOCK_BYTES) + (8 * len(data)).to_bytes(8, "big")
    state = BEGIN
    for start in range(0, len(padded), BLOCK_BYTES):
        state = _compressed(state, padded[start : start + BLOCK_BYTES])
    return "".join(f"{word:08x}" for word in state)


def _left(word: int, bits: int) -> int:
    bits %= 32
    return ((word << bits) | (word >> (32 - bits))) & WORD


def _expanded(block: bytes) -> list[int]:
    words = [int.from_bytes(block[start : start + 4], "big") for start in range(0, BLOCK_BYTES, 4)]
    for j in range(16, 68):
        mixed = words[j - 16] ^ words[j - 9] ^ _left(words[j - 3], 15)
        words.append(mixed ^ _left(mixed, 15) ^ _left(mixed, 23) ^ _left(words[j - 13], 7) ^ words[j - 6])
    return words


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """The state after a block, in the letters of the standard."""
    words = _expanded(block)
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        is_early = j < 16
        ss1 = _left((_left(a, 12) + e + _left(0x79CC4519 if is_early else 0x7A879D8A, j)) & WORD, 7)
        ss2 = ss1 ^ _left(a, 12)
        ff = a ^ b ^ c if is_early else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if is_early else (e & f) | (~e & g)
        tt1 = (ff + d + ss2 + (words[j] ^ words[j + 4])) & WORD
        tt2 = (gg + h + ss1 + words[j]) & WORD
        a, b, c, d = tt1, a, _left(b, 9), c
        e, f, g, h = tt2 ^ _left(tt2, 9) ^ _left(tt2, 17), e, _left(f, 19), g
    return tuple(before ^ after for before, after in zip(state, (a, b, c, d, e, f, g, h), strict=True))
