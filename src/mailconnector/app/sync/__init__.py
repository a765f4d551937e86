"""Synchronising accounts: one run, a service that stays, and what can be told about both."""
