"""Work in processes beside each other, as a worker's are."""

import multiprocessing

from django.db import connection


def in_lanes(work, parts):
    """Each part in a process with a connection of its own; a single one here."""
    if len(parts) == 1:
        work(parts[0])
        return
    connection.close()
    forked = multiprocessing.get_context("fork")
    processes = [forked.Process(target=work, args=(part,)) for part in parts]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert not any(process.exitcode for process in processes)
