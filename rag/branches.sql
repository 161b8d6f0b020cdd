ALTER TABLE turns ADD COLUMN parent TEXT;
ALTER TABLE turns ADD COLUMN shown INTEGER NOT NULL DEFAULT 1;
-- Turns that one took the place of are a branch, and so are those that are left: each follows the one before it.
UPDATE turns SET shown = replaced_by IS NULL, parent = (
    SELECT id FROM turns earlier
    WHERE earlier.conversation = turns.conversation AND earlier.replaced_by IS turns.replaced_by
        AND earlier.pending IS NULL AND earlier.position < turns.position
    ORDER BY earlier.position DESC LIMIT 1
) WHERE pending IS NULL;
-- The first of a branch follows what the turn in its place follows, which may itself have been replaced.
UPDATE turns SET parent = (
    WITH RECURSIVE places (id) AS (
        SELECT turns.replaced_by
        UNION ALL
        SELECT later.replaced_by FROM places JOIN turns later ON later.id = places.id
        WHERE later.replaced_by IS NOT NULL AND later.parent IS NULL
    )
    SELECT later.parent FROM places JOIN turns later ON later.id = places.id WHERE later.parent IS NOT NULL
) WHERE replaced_by IS NOT NULL AND parent IS NULL;
ALTER TABLE turns DROP COLUMN replaced_by;
