"""Other judges of the answers that a run wrote: captions, local models, endpoints; how they agree.

The scores of a run stay what they are. Imported by the command line alone.
"""
