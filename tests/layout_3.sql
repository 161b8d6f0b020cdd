-- The one source of truth; everything else is derived from it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- The generation is another random number after every write: no two states, and no state lost with the power, share one.
INSERT INTO meta VALUES ('generation', '');

CREATE TABLE files (
  source TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  parser TEXT NOT NULL,     -- which parsers read it
  reason TEXT,              -- why it could not be read; NULL where it could
  warning TEXT              -- what of it could not be read
) WITHOUT ROWID;

CREATE TABLE documents (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL UNIQUE,
  file TEXT NOT NULL REFERENCES files (source), -- another than the source for an attachment
  sha256 TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  characters INTEGER NOT NULL, -- SQLite's length() ends at a NUL
  blocks TEXT NOT NULL,     -- JSON, with the lists and tables they are in
  pages TEXT NOT NULL,      -- JSON
  page_kind TEXT NOT NULL,
  language TEXT NOT NULL,   -- ISO 639-1; empty where unknown
  word_boxes BLOB NOT NULL DEFAULT x'' -- where its words stand on its pages (see rag.parse.word_boxes)
);
CREATE INDEX documents_by_language ON documents (language);
CREATE INDEX documents_by_file ON documents (file);

-- Vectors are kept by the hash of the text they were made from: equal texts share them, and none is embedded twice.
CREATE TABLE vectors (
  key TEXT PRIMARY KEY,
  passage BLOB NOT NULL,    -- little-endian float32
  sentences BLOB NOT NULL   -- little-endian float16, a row a sentence
);

-- AUTOINCREMENT: a row's number is never given again, so a stale snapshot cannot name another passage.
CREATE TABLE chunks (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  document_id TEXT NOT NULL REFERENCES documents (id),
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  page INTEGER,
  headings TEXT NOT NULL,   -- JSON
  introductions TEXT NOT NULL DEFAULT '[]', -- JSON, of the lists and tables it holds some of
  sentences TEXT NOT NULL,  -- JSON, spans into text
  vector_key TEXT NOT NULL REFERENCES vectors (key),
  text TEXT NOT NULL,
  terms TEXT NOT NULL,      -- of the text, made by rag.words, with a space between
  context_terms TEXT NOT NULL -- of title, headings and file name, for finding only
);
CREATE INDEX chunks_by_document ON chunks (document_id);
CREATE INDEX chunks_by_vector ON chunks (vector_key);

-- The terms are made beforehand: all that is left to FTS5 is to part them at the spaces. Beyond ASCII, its
-- "ascii" tokenizer takes every sign for part of a term; in ASCII, it is told which it may meet.
CREATE VIRTUAL TABLE passages USING fts5 (
  terms, context_terms, content = 'chunks', content_rowid = 'row', tokenize = "ascii tokenchars '.,+#'"
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab ('passages', 'row');

INSERT INTO passages (passages, rank) VALUES ('rank', 'bm25(1.0, 0.3)');

CREATE TRIGGER chunk_added AFTER INSERT ON chunks BEGIN
  INSERT INTO passages (rowid, terms, context_terms) VALUES (new.row, new.terms, new.context_terms);
END;
CREATE TRIGGER chunk_removed AFTER DELETE ON chunks BEGIN
  INSERT INTO passages (passages, rowid, terms, context_terms)
  VALUES ('delete', old.row, old.terms, old.context_terms);
END;
