"""Drawings: attention maps, contact sheets, training curves and report pages."""
