"""What every command of the portal keeps: exit codes, `--json`, one sentence for an error, the shell's language.

Exit codes: 0 done, 1 it found or refused something, 2 it was called wrongly, 130 interrupted.
"""

import argparse
import json
import logging
import os
import sys
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from cards.calendar import exists
from cards.collector import spare_the_program
from cards.errors import BadInput
from cards.faults import Fault, fault_of

FOUND_SOMETHING, CALLED_WRONGLY, INTERRUPTED = 1, 2, 130
JSON_HELP = "one JSON document on stdout, and nothing else there"


class PortalCommand(BaseCommand):
    """A command whose `carry_out` says whether it found or refused something.

    `BadInput` that leaves it means that the command was called wrongly. Whatever else goes wrong becomes one sentence
    too; only `--traceback` shows where it came from.
    """

    requires_system_checks = []
    paths = ()  # the options that name files, which may be called by bytes that are no text
    interrupted = gettext_lazy("Interrupted: what was done so far is kept.")

    def carry_out(self, **options):
        """Do what the command is for; True when it found or refused something."""
        raise NotImplementedError

    def create_parser(self, prog_name, subcommand, **kwargs):
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.set_defaults(json=False)
        for each in (parser, *self._parts(parser)):
            each.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=JSON_HELP)
            each.error = partial(_complain, each)
        return parser

    def _parts(self, parser):
        """The parsers of sub-commands, if it has some: what each command keeps, they keep."""
        of = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        return [part for action in of for part in action.choices.values()]

    def run_from_argv(self, argv):
        for stream in (sys.stdout, sys.stderr):
            # A terminal that knows no Chinese must not end a command.
            stream.reconfigure(errors="backslashreplace")
        self._called_from_command_line = True
        options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        if not options["traceback"]:
            # What breaks on a card is reported as the reason why it is parked.
            logging.getLogger("cards").setLevel(logging.CRITICAL)
        spare_the_program()
        try:
            self.execute(**options)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(FOUND_SOMETHING)
        except (Exception, KeyboardInterrupt) as error:
            if options["traceback"]:
                raise
            sentence, code = explained(error, self.interrupted)
            self.say(sentence)
            sys.exit(code)
        finally:
            connections.close_all()

    def execute(self, *args, **options):
        with translation.override(language_of_the_shell()), statements_forgotten():
            self._refuse_bytes(options)
            return super().execute(*args, **options)

    def _refuse_bytes(self, options):
        """A shell hands on bytes that are no text as halves of characters, which nothing can keep."""
        for name, value in options.items():
            texts = value if isinstance(value, list) else [value]
            if name not in self.paths and any(isinstance(text, str) and not is_text(text) for text in texts):
                raise CommandError(_("“{name}” is not UTF-8 text.").format(name=name), returncode=CALLED_WRONGLY)

    def handle(self, **options):
        try:
            found = self.carry_out(**options)
        except BadInput as bad:
            raise CommandError(str(bad), returncode=CALLED_WRONGLY) from bad
        self.stdout.flush()
        if found:
            sys.exit(FOUND_SOMETHING)

    def say(self, sentence):
        """A sentence for people, beside the result, about something that went wrong or was refused."""
        self.stderr.write(str(sentence), self.style.ERROR)

    def note(self, sentence):
        """A sentence for people, beside the result, that is no complaint."""
        self.stderr.write(str(sentence), str)

    def give(self, document):
        """The result as the one JSON document."""
        self.stdout.write(as_json(document))

    def progress(self, total=None, unit="", quiet=False):
        """A progress bar on stderr, drawn only for people who watch."""
        quiet = quiet or not self.stderr.isatty()
        return tqdm(total=total, unit=unit, disable=quiet, file=sys.stderr, leave=False, unit_scale=True)


def explained(error, interrupted):
    """What went wrong as one sentence in the reader's language, and the exit code for it."""
    with translation.override(language_of_the_shell()):
        if isinstance(error, CommandError):
            return str(error), error.returncode
        if isinstance(error, KeyboardInterrupt):
            return str(interrupted), INTERRUPTED
        fault = fault_of(error)
        if fault and fault != Fault.AWAY:
            return _("Stopped: {fault}. Run it again once that is over.").format(fault=fault.label), FOUND_SOMETHING
        first_line = str(error).strip().partition("\n")[0]
        if isinstance(error, DatabaseError):
            sentence = _("Database error: {reason} (does it exist, and is it migrated?)")
            return sentence.format(reason=first_line), FOUND_SOMETHING
        what = f"{type(error).__name__}: {first_line}"
        return _("Internal error: {what} (use --traceback for details)").format(what=what), FOUND_SOMETHING


def is_text(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def statements_forgotten():
    """With DEBUG on, Django keeps the last 9,000 statements with all that they carry, and takes its time over it."""
    debug, settings.DEBUG = settings.DEBUG, False
    try:
        yield
    finally:
        settings.DEBUG = debug


def language_of_the_shell():
    """Chinese where the shell speaks it, else English; the shell's own order of precedence."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh-hans" if os.environ[name].startswith("zh") else "en"
    return "en"


def civil_day(text):
    """The argparse type of a day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2026-03-02") from None
    return _existing(day, text)


def iso_instant(text):
    """The argparse type of an instant: without an offset it is the portal's time, without a time the day's first."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        problem = f"{text!r} is not an instant; write it as 2026-03-02T04:00 or 2026-03-02T04:00+08:00"
        raise argparse.ArgumentTypeError(problem) from None
    _existing(told.date(), text)
    return told if timezone.is_aware(told) else timezone.make_aware(told)


def _existing(day, text):
    if not exists(day):
        raise argparse.ArgumentTypeError(f"{text!r} is not a day from 2000 to 2099")
    return day


def as_json(document):
    """Days as YYYY-MM-DD, words in their own letters."""
    return json.dumps(document, ensure_ascii=False, default=str)


def _complain(parser, message):
    """argparse's complaint without the usage that it puts before it."""
    if not parser.called_from_command_line:
        raise CommandError(message, returncode=CALLED_WRONGLY)
    parser.exit(CALLED_WRONGLY, f"{parser.prog}: {message}\n")
