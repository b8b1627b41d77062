"""Writes the exported JSON Schema anew: `python -m benchmark.results`."""

from benchmark.results.documents import SCHEMA_FILE, schema_text
from benchmark.results.storage import write_whole

if __name__ == "__main__":
    write_whole(SCHEMA_FILE, schema_text().encode())
    print(f"wrote {SCHEMA_FILE.name}")
