"""PST files by themselves: mail in and out, and what is in them."""
