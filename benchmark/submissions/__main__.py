"""Writes the exported JSON Schema of a submission anew: `python -m benchmark.submissions`."""

from benchmark.results import write_whole
from benchmark.submissions.schema import SCHEMA_FILE, schema_text

if __name__ == "__main__":
    write_whole(SCHEMA_FILE, schema_text().encode())
    print(f"wrote {SCHEMA_FILE.name}")
