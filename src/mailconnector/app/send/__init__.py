"""Sending: who may write in whose name, messages made ready, what became of each, and the PST's Outbox."""
