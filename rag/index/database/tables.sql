-- The tables of one build of an index in PostgreSQL; {dimension} is the length of a vector.
--
-- What comes from documents is kept as UTF-8 bytes: PostgreSQL's text takes no NUL. document_id is the place of a
-- file among the shards: the number of the document at the file's own source, for whatever the file holds.

CREATE TABLE about (key text PRIMARY KEY, value text NOT NULL);

CREATE TABLE files (
  document_id bigint PRIMARY KEY,
  source bytea NOT NULL,
  sha256 text NOT NULL,
  size bigint NOT NULL,
  mtime_ns bigint NOT NULL,
  ctime_ns bigint NOT NULL,
  parser text NOT NULL,     -- which parsers read it
  reason bytea,             -- why it could not be read; NULL where it could
  warning bytea             -- what of it could not be read
);

CREATE TABLE documents (
  document_id bigint NOT NULL,
  id bigint NOT NULL,       -- another than document_id for an attachment
  source bytea NOT NULL,
  file bytea NOT NULL,
  sha256 text NOT NULL,
  title bytea NOT NULL,
  text bytea NOT NULL,
  characters integer NOT NULL,
  blocks text NOT NULL,     -- JSON, with the lists and tables they are in
  pages text NOT NULL,      -- JSON
  page_count integer NOT NULL,
  page_kind text NOT NULL,
  language text NOT NULL,   -- ISO 639-1; empty where unknown
  passages integer NOT NULL,
  word_boxes bytea NOT NULL DEFAULT '', -- where its words stand on its pages (see rag.parse.word_boxes)
  PRIMARY KEY (document_id, id)
);
CREATE INDEX documents_by_id ON documents (id);
CREATE INDEX documents_by_language ON documents (language);

-- A vector lies with its passage, so that what is found is found where it is. The sentences' vectors do not compress.
CREATE TABLE chunks (
  document_id bigint NOT NULL,
  row integer NOT NULL,     -- the number of the passage in its file
  id bigint NOT NULL,       -- of its document
  start integer NOT NULL,
  "end" integer NOT NULL,
  page integer,
  headings text NOT NULL,   -- JSON
  sentences text NOT NULL,  -- JSON, spans into text
  vector_key bytea NOT NULL, -- the hash of what was embedded
  text bytea NOT NULL,
  embedding vector({dimension}) NOT NULL,
  sentence_vectors bytea NOT NULL, -- little-endian float16, a row a sentence
  introductions text NOT NULL DEFAULT '[]', -- JSON, of the lists and tables it holds some of
  PRIMARY KEY (document_id, row)
);
ALTER TABLE chunks ALTER COLUMN embedding SET STORAGE PLAIN;
ALTER TABLE chunks ALTER COLUMN sentence_vectors SET STORAGE EXTERNAL;
CREATE INDEX chunks_by_key ON chunks (vector_key);

-- Vectors that no passage uses any more, for a month: what comes back has them.
CREATE TABLE spare (
  document_id bigint NOT NULL,
  vector_key bytea NOT NULL,
  embedding vector({dimension}) NOT NULL,
  sentence_vectors bytea NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (document_id, vector_key)
);
CREATE INDEX spare_by_key ON spare (vector_key);

-- Which passages hold a term, how often, and how long they are: all that BM25 needs lies in the one index, in a row.
CREATE TABLE postings (
  term text COLLATE "C" NOT NULL,
  document_id bigint NOT NULL,
  row integer NOT NULL,
  in_text smallint NOT NULL,
  in_context smallint NOT NULL, -- in title, headings and file name
  length integer NOT NULL,  -- of the passage, in terms
  PRIMARY KEY (term, document_id, row) INCLUDE (in_text, in_context, length)
);
CREATE INDEX postings_by_document ON postings (document_id);

-- How many passages hold a term, and what else is counted over all (see rag.index.database.counts). A run writes
-- what it changes beside the document that changed it; what is true is the sum of both tables, at every moment.
CREATE TABLE counts (name text COLLATE "C" PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE count_changes (
  document_id bigint NOT NULL,
  change bigint NOT NULL,   -- a random number of the transaction
  name text COLLATE "C" NOT NULL,
  value bigint NOT NULL,
  folded bigint,            -- the number of the folding that added it to the counts; NULL where none did
  PRIMARY KEY (document_id, change, name)
);
CREATE INDEX count_changes_by_name ON count_changes (name);
