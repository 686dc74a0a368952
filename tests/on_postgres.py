"""Runs the suite on PostgreSQL: `python -m pytest -p tests.on_postgres`.

It starts a server of its own on a free port, in a folder of its own, and takes both away at the end. Nothing that
already runs on the machine is touched.
"""

import atexit
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from tests.made_once import kept, made_once
from tests.processes import free_port

# What pages, words and files say, and to whom, does not depend on the database, nor do the rules of a card's dates:
# they are tested on SQLite alone ...
ASKED_ONCE = {
    # pages and words
    *("tests/browser", "tests/console", "tests/my"),
    *("tests/billing/test_console.py", "tests/billing/test_notices.py", "tests/billing/test_whose_words.py"),
    *("tests/billing/test_customer_page.py", "tests/billing/test_merging_page.py"),
    *("tests/billing/test_bank_account.py", "tests/billing/test_digests.py", "tests/billing/test_on_paper.py"),
    *("tests/billing/test_receipts.py", "tests/billing/test_renewals_console.py", "tests/billing/test_shown.py"),
    *("tests/billing/test_unmatched.py", "tests/test_audit.py", "tests/test_attacks.py"),
    *("tests/test_doors.py", "tests/test_owner.py", "tests/test_settings.py"),
    *("tests/test_env.py", "tests/test_lifecycle_picture.py", "tests/test_translations.py"),
    # who may do what, and the shell's words for it
    *("tests/billing/test_second_person.py", "tests/engine/test_cancelling.py"),
    *("tests/billing/test_who_acts.py", "tests/engine/test_who_acts.py", "tests/engine/test_catalogue.py"),
    *("tests/commands/test_act.py", "tests/commands/test_card_and_forecast.py", "tests/test_scope.py"),
    # what a row of a file means
    *("tests/commands/test_carriers_files.py", "tests/commands/test_files.py", "tests/commands/test_round_trip.py"),
    *("tests/commands/test_import_cards.py", "tests/commands/test_last_day_of_service.py"),
    *("tests/cases/test_c04_two_rows_one_day.py", "tests/console/test_quarantine.py"),
    *("tests/cases/test_c20_comma_in_an_amount.py", "tests/engine/test_anew.py"),
    *("tests/cases/test_c01_c02_instants_that_are_none.py", "tests/cases/test_c07_devices.py"),
    *("tests/cases/test_c10_iccid_ending_in_zeros.py", "tests/cases/test_c12_merged_cells.py"),
    *("tests/cases/test_c14_no_customer_by_that_name.py", "tests/cases/test_c16_days.py"),
    *("tests/cases/test_c17_search_box.py", "tests/cases/test_c27_wrong_year.py", "tests/engine/test_in_service.py"),
    # rules and clocks
    *("tests/engine/test_clocks.py", "tests/engine/test_forecast.py", "tests/engine/test_chains.py"),
    *("tests/engine/test_holds.py", "tests/commands/test_worked_dates.py", "tests/test_demo.py"),
    *("tests/billing/test_missed_renewals.py", "tests/billing/test_renewals_ahead.py"),
    *("tests/billing/test_orders.py", "tests/billing/test_refunds.py", "tests/engine/test_grants.py"),
    *("tests/cases/test_c18_renewed_twice.py", "tests/commands/test_worked_usage.py"),
    *("tests/billing/test_outdated.py", "tests/cases/test_c06_last_day_of_the_month.py"),
    *("tests/cases/test_c21_the_31st.py", "tests/cases/test_c24_taken_over_and_old_days.py"),
    *("tests/engine/test_clock_set_back.py", "tests/engine/test_unpark.py", "tests/engine/test_unrenew.py"),
    "tests/test_days.py",
    # what carriers say and are told, and the pages about it
    *("tests/carriers/test_ctwing.py", "tests/carriers/test_m2m.py", "tests/carriers/test_str_enc.py"),
    *("tests/carriers/test_pages_accounts.py", "tests/carriers/test_pages_card.py"),
    *("tests/carriers/test_pages_drift.py", "tests/carriers/test_pages_orders.py"),
    *("tests/carriers/test_real_name_links.py", "tests/carriers/test_simulated.py"),
    *("tests/carriers/test_accounts.py", "tests/carriers/test_fetched.py", "tests/carriers/test_judging.py"),
    *("tests/carriers/test_knock.py", "tests/carriers/test_pages_list.py"),
    # what providers of payments say and are told, what programs ask for, and the pages about it
    *("tests/bills", "tests/guest", "tests/payments"),
    *("tests/api/test_cards.py", "tests/api/test_core.py", "tests/api/test_document.py"),
    *("tests/api/test_every_url.py", "tests/api/test_key_pages.py", "tests/api/test_my_webhooks.py"),
    *("tests/api/test_orders.py", "tests/api/test_programs_are_nobody.py", "tests/api/test_reference.py"),
    # words of commands, logs and figures
    *("tests/commands/test_api_key.py", "tests/test_logs.py", "tests/test_one_line.py", "tests/test_sentry.py"),
}
# ... except for modules and tests among these whose subject is SQL: searching, filtering, sorting, sums by day, keys,
# constraints, transactions that are cut off.
# Tests with threads and transactions of their own run on PostgreSQL wherever they stand, as does all that is not
# listed here.
ASKING_THE_DATABASE = {
    *("tests/console/test_dashboard.py", "tests/console/test_export.py"),
    *("tests/console/test_filters.py", "tests/console/test_paging.py"),
    "tests/console/test_search.py",
    *("tests/console/test_selecting.py", "tests/my/test_claim.py", "tests/my/test_real_name.py"),
    "tests/billing/test_orders.py::test_each_step_done_twice_is_done_once",
    "tests/billing/test_receipts.py::test_the_same_form_twice_is_one_receipt",
    "tests/billing/test_receipts.py::test_of_two_receipts_of_before_with_one_reference_both_stay_and_the_later_is_marked",
    "tests/billing/test_receipts.py::test_a_wallet_is_filled_to_the_last_cent_that_it_holds_and_no_further",
    "tests/billing/test_receipts.py::test_the_list_finds_what_it_is_asked_for_the_newest_first",
    "tests/billing/test_refunds.py::test_twice_is_once",
    "tests/billing/test_refunds.py::test_the_same_form_twice_is_one_refund",
    "tests/billing/test_second_person.py::test_what_is_split_is_added_up_whatever_it_is",
    "tests/billing/test_second_person.py::test_the_database_keeps_who_did_what",
    "tests/billing/test_unmatched.py::test_however_often_the_provider_says_so_it_waits_once",
    "tests/billing/test_unmatched.py::test_killed_at_any_statement_nothing_is_there_and_when_it_comes_again_all_of_it_once",
    "tests/cases/test_c04_two_rows_one_day.py::test_a_later_file_that_contradicts_is_refused_and_the_same_again_is_stale",
    "tests/cases/test_c18_renewed_twice.py::test_both_ways_to_ask_whether_a_card_is_renewed_say_the_same",
    "tests/commands/test_import_cards.py::test_19_and_20_characters_are_one_card",
    "tests/commands/test_import_cards.py::test_a_card_that_stands_in_the_file_twice",
    "tests/console/test_quarantine.py::test_words_of_one_file",
    "tests/console/test_quarantine.py::test_it_is_decided_once",
    "tests/engine/test_anew.py::test_the_database_lets_no_state_through_that_nobody_says_is_anew",
    *("tests/bills/test_fetching.py", "tests/guest/test_buying.py", "tests/guest/test_number.py"),
    *("tests/payments/test_door.py", "tests/payments/test_random.py"),
    "tests/engine/test_cancelling.py::test_what_is_split_is_added_up_and_for_each_person_by_themselves",
    "tests/test_audit.py::test_the_database_refuses_to_take_an_entry_back",
    "tests/test_audit.py::test_it_is_sealed_each_night_and_proved",
    "tests/test_doors.py::test_before_the_first_visit_it_has_a_connection_unless_the_database_is_away",
    "tests/test_doors.py::test_a_web_server_has_one_in_each_of_its_processes_before_anybody_comes",
    "tests/test_days.py::test_killed_again_and_again_it_goes_on_exactly_there",
    "tests/test_days.py::test_a_step_that_fails_is_tried_again_before_the_next_day_begins",
    "tests/test_days.py::test_what_fails_for_one_customer_holds_up_no_other_and_is_made_good",
    "tests/test_days.py::test_while_another_worker_carries_the_days_on_nothing_is_done",
}

# Tests of which each runs with several carriers or providers, whose answers end in the same statements: one is enough.
ONE_OF_SEVERAL = {"tests/carriers/test_contract.py": "onelink5", "tests/payments/test_contract.py": "wechat"}

# What makes a database safe against power cuts, and slow; and compiling statements that are asked once.
UNSAFE_AND_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off"
# Nor does the server look through its tables for the planner beside a test: a transaction of its own that is older than
# the test's would hold the test's records back (`cards/actions/events.py`). Rows of tests that are over it takes away.
LEFT_ALONE = "-c autovacuum_analyze_threshold=2000000000 -c autovacuum_naptime=15s"


def program(name):
    """Debian keeps PostgreSQL's own programs off the PATH."""
    installed = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(iter(installed), None)


def owner():
    """PostgreSQL refuses to run as root, so root lends it to somebody else."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def start_server():
    """The URL of a new server that ends with this process. It has a migrated portal as a template for others."""
    folder = Path(tempfile.mkdtemp(prefix="simportal-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    lend(folder)
    run("cp", "-a", made_once("postgresql", make_server) / "data", folder)
    url = start(folder)
    atexit.register(stop, folder, "immediate")
    return url


def make_server(folder):
    """The files of a server with a migrated portal in it, for each testing process to copy."""
    version = Path(program("initdb")).resolve().parent.parent.name
    kept(folder, f"postgresql-{version}", migrate_server)


def migrate_server(folder):
    lend(folder)
    is_new = not (folder / "data").exists()
    if is_new:
        names = ("-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C")
        run(program("initdb"), "-D", folder / "data", *names, "--no-sync")
    url = start(folder)
    try:
        if is_new:
            with psycopg.connect(url, autocommit=True) as server:
                server.execute("CREATE DATABASE migrated")
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        migrated = os.environ | {"DATABASE_URL": url.replace("/postgres", "/migrated"), "DEBUG": "1"}
        subprocess.run(migrate, env=migrated, cwd=Path(__file__).parent.parent, check=True)
    finally:
        stop(folder, "fast")


def lend(folder):
    if owner():
        shutil.chown(folder, owner()["user"])


def start(folder, options=f"{UNSAFE_AND_FAST} {LEFT_ALONE}"):
    port = free_port()
    options = f"-p {port} -k {folder} -h 127.0.0.1 {options}"
    run(program("pg_ctl"), "-D", folder / "data", "-l", folder / "log", "-o", options, "--wait", "start")
    return f"postgresql://portal@127.0.0.1:{port}/postgres"


def stop(folder, mode):
    run(program("pg_ctl"), "-D", folder / "data", "-m", mode, "stop")


def run(*command):
    """Into a file, not a pipe: the server inherits it and would hold a pipe open."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run([str(word) for word in command], stdout=said, stderr=said, cwd="/", **owner())
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed:\n{said.read().decode()}")


def pytest_collection_modifyitems(config, items):
    """Where the database makes no difference, once is enough."""
    again = [item for item in items if not is_asked_once(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


def is_asked_once(item):
    """Whether the test is marked `once`, or about nothing that databases differ in."""
    if item.get_closest_marker("once"):
        return True
    database = item.get_closest_marker("django_db")
    if database and database.kwargs.get("transaction"):
        return False
    test = item.nodeid.partition("[")[0]
    path = Path(test.partition("::")[0])
    if one := ONE_OF_SEVERAL.get(str(path)):
        return one not in item.nodeid
    return not ASKED_ONCE.isdisjoint({str(path), str(path.parent)}) and ASKING_THE_DATABASE.isdisjoint(
        {str(path), test}
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config):
    """A server before the settings are read. Each testing process has its own: no other's transactions delay it."""
    if program("initdb") is None:
        print("PostgreSQL is not installed: the run on PostgreSQL is skipped.")
        sys.exit(0)
    only_hands_out_tests = early_config.known_args_namespace.numprocesses and "PYTEST_XDIST_WORKER" not in os.environ
    if "TEST_DATABASE_URL" not in os.environ and not only_hands_out_tests:
        os.environ["TEST_DATABASE_URL"] = os.environ["DATABASE_URL"] = start_server()
    return (yield)
