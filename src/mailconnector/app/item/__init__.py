"""Single items: finding them in accounts and files, showing all that they have, comparing their two sides."""
