"""The reader: which sentences of a passage answer a question, which words of them, or that none does.

It is a small cross-encoder: it sees the question and the passage together, where the embedder sees each alone. How it
was trained, and how to train another, is told in ``README.md`` beside this file.
"""
