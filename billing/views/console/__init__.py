"""The console's doors to money."""
