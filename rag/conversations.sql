CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    found_by TEXT NOT NULL, -- the title as it is searched
    created REAL NOT NULL, -- seconds since 1970, as all times here
    updated REAL NOT NULL,
    deleted REAL
);
CREATE INDEX conversations_of ON conversations (owner, updated);

CREATE TABLE turns (
    position INTEGER PRIMARY KEY AUTOINCREMENT, -- their order within a conversation
    id TEXT NOT NULL UNIQUE,
    conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    said TEXT NOT NULL, -- the words of the answer, which can be read whatever becomes of its form
    found_by TEXT NOT NULL, -- question and answer as they are searched
    answer TEXT NOT NULL, -- JSON; empty while it is pending
    asked REAL NOT NULL,
    rating TEXT CHECK (rating IN ('up', 'down')),
    note TEXT NOT NULL DEFAULT '',
    pending TEXT, -- how a question without an answer was asked, as JSON
    parent TEXT, -- the turn before it, once it is answered; of a first one NULL
    shown INTEGER NOT NULL DEFAULT 1 -- whether it is in the branch that is shown
);
CREATE INDEX turns_of ON turns (conversation, position);
CREATE INDEX turns_rated ON turns (rating) WHERE rating IS NOT NULL;
