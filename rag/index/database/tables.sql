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

CREATE TABLE chunks (
  document_id bigint NOT NULL,
  row integer NOT NULL,     -- from a random number on: what is put in a passage's place has another
  id bigint NOT NULL,       -- of its document
  start integer NOT NULL,
  "end" integer NOT NULL,
  page integer,
  headings text NOT NULL,   -- JSON
  introductions text NOT NULL, -- JSON, of the lists and tables it holds some of
  sentences text NOT NULL,  -- JSON, spans into text
  vector_key bytea NOT NULL, -- of vectors or, until it is embedded, of unembedded
  text bytea NOT NULL,
  PRIMARY KEY (document_id, row)
);
CREATE INDEX chunks_by_key ON chunks (vector_key);

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
CREATE INDEX postings_by_document ON postings (document_id, row);

-- Vectors are kept by the hash of the text they were made from: equal texts share them, and none is embedded twice.
CREATE TABLE vectors (
  vector_key bytea PRIMARY KEY,
  embedding vector({dimension}) NOT NULL,
  sentence_vectors bytea NOT NULL -- little-endian float16, a row a sentence
);
ALTER TABLE vectors ALTER COLUMN embedding SET STORAGE PLAIN;
-- They do not compress, and are read for a few passages only.
ALTER TABLE vectors ALTER COLUMN sentence_vectors SET STORAGE EXTERNAL;

-- What is still to be embedded.
CREATE TABLE unembedded (
  vector_key bytea PRIMARY KEY,
  id bigint GENERATED ALWAYS AS IDENTITY,
  text bytea NOT NULL,
  sentences text NOT NULL,  -- JSON, spans into text
  size integer NOT NULL     -- passages of its file
);
CREATE INDEX unembedded_by_size ON unembedded (size, id DESC);

-- Vectors that no passage has any more, and since when: what comes back within a month has them.
CREATE TABLE unused (vector_key bytea PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());

-- What is counted over all passages (see rag.index.statistics), and how many documents are in each language.
CREATE TABLE counts (name text COLLATE "C" PRIMARY KEY, value bigint NOT NULL);
