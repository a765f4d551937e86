"""The forms in which other programs put items on servers."""
