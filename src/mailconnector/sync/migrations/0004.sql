-- Of pairs of items other than mail: digests of their fields as of the last synchronisation (`bases`). Empty: the pair is
-- a mail, and is not merged.
CREATE TABLE base (pair INTEGER PRIMARY KEY, digests BLOB NOT NULL);
CREATE TRIGGER base_of_item AFTER DELETE ON item BEGIN DELETE FROM base WHERE pair=old.row; END;
