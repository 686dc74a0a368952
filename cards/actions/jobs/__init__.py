"""Jobs: work on many cards or on a file that goes on when nobody looks, in leased chunks through the one write path."""
