"""Delegates: who may do what in one's main folders, send on one's behalf, and gets a copy of meeting requests."""
