-- Of what is new on the local side: it has headers only.
ALTER TABLE change ADD COLUMN partial INTEGER NOT NULL DEFAULT 0;
