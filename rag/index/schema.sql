-- The one source of truth; everything else is derived from it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('database', hex(randomblob(8))); -- the name of the vectors' file that is made of it

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

-- AUTOINCREMENT: a row's number is never given again, so what is derived cannot name another passage.
CREATE TABLE chunks (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  document_id TEXT NOT NULL REFERENCES documents (id),
  start INTEGER NOT NULL,
  "end" INTEGER NOT NULL,
  page INTEGER,
  headings TEXT NOT NULL,   -- JSON
  introductions TEXT NOT NULL DEFAULT '[]', -- JSON, of the lists and tables it holds some of
  sentences TEXT NOT NULL,  -- JSON, spans into text
  vector_key TEXT NOT NULL, -- of vectors or, until it is embedded, of unembedded
  text TEXT NOT NULL,
  terms TEXT NOT NULL,      -- of the text, made by rag.words, with a space between
  context_terms TEXT NOT NULL -- of title, headings and file name, for finding only
);
CREATE INDEX chunks_by_document ON chunks (document_id);
CREATE INDEX chunks_by_vector ON chunks (vector_key);

-- Vectors are kept by the hash of the text they were made from: equal texts share them, and none is embedded twice.
CREATE TABLE vectors (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order they were made in; never given again
  key TEXT NOT NULL UNIQUE,
  passage BLOB NOT NULL,    -- little-endian float32
  sentences BLOB NOT NULL   -- little-endian float16, a row a sentence
);

-- What is still to be embedded.
CREATE TABLE unembedded (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  text TEXT NOT NULL,
  sentences TEXT NOT NULL,  -- JSON, spans into text
  size INTEGER NOT NULL     -- passages of its file
);
CREATE INDEX unembedded_by_size ON unembedded (size, id);

-- Vectors that no passage has any more, and since when (Unix time): what comes back within a month has them.
CREATE TABLE unused (key TEXT PRIMARY KEY, since REAL NOT NULL) WITHOUT ROWID;

-- What is counted over all passages (see rag.index.statistics).
CREATE TABLE counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
