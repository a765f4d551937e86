"""Accounts: what one is, its secrets, how its servers are found, reached and tried."""
