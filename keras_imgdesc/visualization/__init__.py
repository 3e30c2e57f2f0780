"""Drawings: attention, contact sheets, curves, reports."""
