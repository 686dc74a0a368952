"""Attacks upon the portal: each is one entry, tried in short by the suite and in full by `make attacks`."""
