"""Answers questions from a folder of documents by excerpts, each with its source.

For programs: ``from rag.assistant import Assistant``.
"""
