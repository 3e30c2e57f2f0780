"""Processes that run one exported form."""
