CREATE TABLE notes (
    position INTEGER PRIMARY KEY AUTOINCREMENT, -- their order
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    turn TEXT NOT NULL, -- the turn whose excerpt it is; it may be gone
    n INTEGER NOT NULL, -- the number of the excerpt in its answer
    question TEXT NOT NULL,
    answer TEXT NOT NULL, -- JSON: what the answer says with this excerpt alone
    remark TEXT NOT NULL DEFAULT '',
    pinned REAL NOT NULL,
    removed REAL,
    UNIQUE (turn, n)
);
CREATE INDEX notes_of ON notes (owner, position);
