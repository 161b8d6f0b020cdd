"""The parts of the index in a PostgreSQL database; ``rag.index.postgres`` is what puts them together."""
