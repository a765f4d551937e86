"""Sharing folders: rights and roles in words, who may do what and why, and the changes to access control lists."""
