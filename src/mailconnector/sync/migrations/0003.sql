-- Whose the remote folder is, where it is not the user's own.
ALTER TABLE folder ADD COLUMN owner TEXT NOT NULL DEFAULT '';
-- The user deleted the local copy of somebody else's folder, and does not want to see it.
ALTER TABLE folder ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
