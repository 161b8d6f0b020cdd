"""Answers questions from a folder of documents, every sentence with its source.

For programs: ``from rag.assistant import Assistant``.
"""
