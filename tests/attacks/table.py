"""The attacks. A new one is one entry in the `ATTACKS` of its subject's module; a new subject is one line here."""

from tests.attacks import files, foreign, fuzz

ATTACKS = {
    **foreign.ATTACKS,
    **files.ATTACKS,
    **fuzz.ATTACKS,
}
