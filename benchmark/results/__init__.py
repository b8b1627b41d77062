"""Results as records: scores, cells, documents, and how they are kept on disk. No torch."""

from benchmark.results.bundles import SUFFIX, bundle_file, read_bundle, write_bundle
from benchmark.results.documents import (
    SCHEMA_FILE,
    document,
    first_difference,
    merge,
    read_document,
    same_document,
    schema_text,
    to_json,
    write_document,
)
from benchmark.results.keys import canonical, cell_key
from benchmark.results.records import (
    SCHEMA_VERSION,
    BackendRecord,
    Cell,
    DataRecord,
    Document,
    Environment,
    MethodRecord,
    Run,
    Status,
    TaskRecord,
    key_of,
)
from benchmark.results.scores import ReferenceScore, Score
from benchmark.results.storage import (
    CellFolder,
    read_cell,
    read_cells,
    read_units,
    write_cell,
    write_whole,
)

__all__ = [
    "SCHEMA_FILE",
    "SCHEMA_VERSION",
    "SUFFIX",
    "BackendRecord",
    "Cell",
    "CellFolder",
    "DataRecord",
    "Document",
    "Environment",
    "MethodRecord",
    "ReferenceScore",
    "Run",
    "Score",
    "Status",
    "TaskRecord",
    "bundle_file",
    "canonical",
    "cell_key",
    "document",
    "first_difference",
    "key_of",
    "merge",
    "read_bundle",
    "read_cell",
    "read_cells",
    "read_document",
    "read_units",
    "same_document",
    "schema_text",
    "to_json",
    "write_bundle",
    "write_cell",
    "write_document",
    "write_whole",
]
