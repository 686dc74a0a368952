"""Faults, provoked in real processes on servers of their own: `make faults`."""
