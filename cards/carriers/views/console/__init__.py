"""The console's doors to the carriers: accounts, and the queue of differences."""
