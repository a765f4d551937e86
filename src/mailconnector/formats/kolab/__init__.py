"""Kolab's objects, of versions 2 and 3."""
