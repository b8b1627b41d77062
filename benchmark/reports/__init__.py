"""Reports: tables, figures and comparisons from records. Imports no torch."""
