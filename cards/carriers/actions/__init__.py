"""What is done: records heard, commands sent and confirmed, states asked for, differences found, usage fetched."""
