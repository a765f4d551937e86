"""A mailbox on an IMAP server as a sync store."""
