"""Processes that run one form of a task each."""
