"""What somebody looks at after a section of the page: a function of the trial for its number, which asserts."""


def installed(trial):
    """A login page over https, and nothing that systemd complains of."""
    assert trial.machine.says("systemctl --failed --no-legend --plain | cut --delimiter=' ' --fields=1") == ""


AFTER = {2: installed}
