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
    *("tests/billing/test_retail.py", "tests/billing/test_together.py", "tests/engine/test_put_away.py"),
    *("tests/engine/test_tried_again.py", "tests/engine/test_useful.py", "tests/test_unreadable.py"),
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
    "tests/commands/test_import_usage.py",
    # rules and clocks
    *("tests/engine/test_clocks.py", "tests/engine/test_forecast.py", "tests/engine/test_chains.py"),
    *("tests/engine/test_holds.py", "tests/commands/test_worked_dates.py", "tests/test_demo.py"),
    *("tests/billing/test_missed_renewals.py", "tests/billing/test_renewals_ahead.py"),
    *("tests/billing/test_orders.py", "tests/billing/test_refunds.py", "tests/engine/test_grants.py"),
    *("tests/cases/test_c18_renewed_twice.py", "tests/commands/test_worked_usage.py"),
    *("tests/billing/test_outdated.py", "tests/cases/test_c06_last_day_of_the_month.py"),
    *("tests/cases/test_c21_the_31st.py", "tests/cases/test_c24_taken_over_and_old_days.py"),
    *("tests/engine/test_clock_set_back.py", "tests/engine/test_unpark.py", "tests/engine/test_unrenew.py"),
    *("tests/billing/test_reminders.py", "tests/engine/test_first_use.py", "tests/engine/test_usage.py"),
    *("tests/carriers/test_swap.py", "tests/test_days.py"),
    # what carriers say and are told, and the pages about it
    *("tests/carriers/test_ctwing.py", "tests/carriers/test_m2m.py", "tests/carriers/test_str_enc.py"),
    *("tests/carriers/test_pages_accounts.py", "tests/carriers/test_pages_card.py"),
    *("tests/carriers/test_pages_drift.py", "tests/carriers/test_pages_orders.py"),
    *("tests/carriers/test_real_name_links.py", "tests/carriers/test_simulated.py"),
    *("tests/carriers/test_accounts.py", "tests/carriers/test_fetched.py", "tests/carriers/test_judging.py"),
    *("tests/carriers/test_knock.py", "tests/carriers/test_pages_list.py"),
    *("tests/carriers/test_assigning.py", "tests/carriers/test_contract.py", "tests/carriers/test_random_wishes.py"),
    # what providers of payments say and are told, what programs ask for, and the pages about it
    *("tests/bills", "tests/guest", "tests/payments"),
    *("tests/api/test_cards.py", "tests/api/test_core.py", "tests/api/test_document.py"),
    *("tests/api/test_every_url.py", "tests/api/test_key_pages.py", "tests/api/test_my_webhooks.py"),
    *("tests/api/test_orders.py", "tests/api/test_programs_are_nobody.py", "tests/api/test_reference.py"),
    *("tests/api/test_limits.py", "tests/api/test_webhooks.py"),
    # words of commands, logs and figures
    *("tests/commands/test_api_key.py", "tests/test_logs.py", "tests/test_one_line.py", "tests/test_sentry.py"),
    *("tests/commands/test_status.py", "tests/commands/test_sweep.py", "tests/test_health.py", "tests/test_metrics.py"),
    "tests/test_secret_keys.py",
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
    "tests/billing/test_retail.py::test_a_retail_price_stands_from_its_day_on_and_is_recorded_with_who_set_it",
    "tests/billing/test_retail.py::test_an_ended_one_gives_way_to_that_of_everybody",
    "tests/billing/test_retail.py::test_the_same_one_twice_is_one",
    "tests/billing/test_together.py::test_the_same_form_twice_is_done_once",
    "tests/billing/test_together.py::test_what_was_broken_off_half_way_is_finished_by_the_same_click",
    "tests/billing/test_together.py::test_the_page_costs_the_same_for_many_customers",
    "tests/engine/test_put_away.py::test_what_was_started_meanwhile_is_not_put_away_and_what_was_put_away_does_not_start",
    "tests/engine/test_tried_again.py::test_an_import_goes_on_from_where_it_failed",
    "tests/test_unreadable.py::test_the_evidence_of_records",
    "tests/test_unreadable.py::test_why_cards_were_refused",
    "tests/test_unreadable.py::test_what_customers_were_told",
    "tests/test_unreadable.py::test_what_was_asked_for",
    "tests/commands/test_import_usage.py::test_the_same_file_twice_changes_nothing",
    "tests/commands/test_import_usage.py::test_a_day_that_a_file_has_twice_counts_once",
    "tests/commands/test_import_usage.py::test_19_characters_find_the_card_of_20_and_the_reverse",
    "tests/commands/test_import_usage.py::test_a_dry_run_says_the_same_and_writes_nothing",
    "tests/commands/test_import_usage.py::test_more_rows_than_a_chunk",
    "tests/billing/test_reminders.py::test_what_does_not_wait_any_more_is_not_told_of",
    "tests/billing/test_reminders.py::test_two_orders_whose_payments_failed_are_two_notices",
    "tests/billing/test_reminders.py::test_credit_is_told_when_its_use_begins_and_each_week_while_it_lasts",
    "tests/billing/test_reminders.py::test_what_happens_is_told_each_time_unless_it_is_muted",
    "tests/billing/test_reminders.py::test_what_is_not_told_each_time_is_in_the_database_once",
    "tests/engine/test_usage.py::test_an_equal_or_older_reading_is_stale_and_one_that_contradicts_is_refused",
    "tests/engine/test_usage.py::test_several_readings_of_a_card_in_one_file_are_taken_in_the_order_of_their_days",
    "tests/engine/test_usage.py::test_rebinds_are_counted_by_calendar_month_against_the_policys_cap",
    "tests/carriers/test_assigning.py::test_what_was_known_and_ordered_on_another_account_ends",
    "tests/carriers/test_assigning.py::test_a_rule_moves_the_cards_that_are_there_and_places_those_that_come",
    "tests/carriers/test_contract.py::test_row_01_a_card_is_suspended",
    "tests/carriers/test_contract.py::test_row_13_active_while_the_portal_holds_it",
    "tests/carriers/test_contract.py::test_row_20_usage_is_corrected_not_doubled",
    "tests/payments/test_contract.py::test_row_good",
    "tests/payments/test_contract.py::test_row_doubled_the_same_to_the_letter",
    "tests/payments/test_contract.py::test_row_doubled_as_the_provider_repeats",
    "tests/payments/test_contract.py::test_row_doubled_under_a_new_name",
    "tests/payments/test_contract.py::test_row_doubled_one_trade_for_two_payments",
    "tests/payments/test_contract.py::test_row_reordered_closed_before_paid",
    "tests/payments/test_contract.py::test_row_reordered_paid_before_closed",
    "tests/payments/test_contract.py::test_row_reordered_told_before_it_is_begun",
    "tests/payments/test_contract.py::test_row_begin_twice_is_once",
    "tests/api/test_webhooks.py::test_a_worker_that_died_after_sending_leaves_it_to_the_next",
    "tests/api/test_webhooks.py::test_what_waits_behind_a_failure_is_left_alone_and_comes_soon_after_a_success",
    "tests/api/test_webhooks.py::test_five_days_of_failure_switch_off_and_what_was_missed_is_sent_later",
    "tests/api/test_webhooks.py::test_what_is_older_than_is_kept_is_not_sent_later",
    "tests/api/test_webhooks.py::test_in_a_storm_of_each_card_the_latest_of_each_type_is_sent",
    "tests/commands/test_sweep.py::test_a_broken_card_is_parked_and_the_rest_go_on",
    "tests/test_health.py::test_a_database_that_is_gone",
    "tests/test_health.py::test_jobs_that_stand_still",
    "tests/test_health.py::test_all_of_it",
    "tests/test_health.py::test_a_database_that_keeps_it_waiting",
    "tests/test_metrics.py::test_an_empty_portal",
    "tests/test_metrics.py::test_cards_jobs_and_money",
    "tests/test_metrics.py::test_a_figure_that_takes_too_long_is_left_out_with_those_behind_it",
    "tests/test_secret_keys.py::test_the_cards_of_a_person_are_counted_across_keys",
    "tests/test_secret_keys.py::test_hashes_of_before_say_their_key_when_the_portal_is_upgraded",
}

PLACING = "tests/billing/test_placing.py"
# Tests of which each runs with several carriers or providers, whose answers end in the same statements, or with several
# causes for which the same rows are taken back: one is enough.
ONE_OF_SEVERAL = {
    "tests/carriers/test_contract.py": "onelink5",
    "tests/carriers/test_crashes.py::test_after_it_is_sent": "onelink5",
    "tests/payments/test_contract.py": "wechat",
    f"{PLACING}::test_what_changes_while_it_is_placed_leaves_no_line_and_the_draft_is_checked_anew": "dearer",
}

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
    if (ONE_OF_SEVERAL.get(str(path)) or ONE_OF_SEVERAL.get(test, "")) not in item.nodeid:
        return True
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
