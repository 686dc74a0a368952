"""What pages show of the carriers. No request is answered here."""
