"""What all messages of items have in common: forms, parts, and what is left over."""
