"""The assistant over HTTP: a typed API, and what keeps it safe; knows the Assistant, and nothing of the page."""
