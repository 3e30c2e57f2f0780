"""Verification: whether a task answers alike in every exported form.

Empty, so that the processes of `verification.runners` load no more than they need.
"""
