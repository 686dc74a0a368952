"""What pages show: facts, rows, charts and the frames around them. No request is answered here."""
