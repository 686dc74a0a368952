"""`make bench`: what the portal does beside what a user would write and beside the database's own limit.

Every contender runs on its own copy of the same database, in one run, in turn; the ratios are what counts.
"""
