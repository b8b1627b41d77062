"""Experiments of the papers, run here: what is asked, what was published, what is found."""
