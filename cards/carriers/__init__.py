"""The carriers' platforms: commands out, word in, and what differs between there and here."""
