"""The attacks. A new one is one entry in the `ATTACKS` of its subject's module; a new subject is one line here."""

from tests.attacks import audit, authority, commands, files, foreign, formulas, fuzz, logins, secrets

ATTACKS = {
    **foreign.ATTACKS,
    **authority.ATTACKS,
    **audit.ATTACKS,
    **formulas.ATTACKS,
    **files.ATTACKS,
    **secrets.ATTACKS,
    **fuzz.ATTACKS,
    **commands.ATTACKS,
    **logins.ATTACKS,
}
