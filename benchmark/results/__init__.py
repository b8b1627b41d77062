"""Results as records: scores, cells, documents, and how they are kept on disk. No torch.

Files of older versions of the schema are made current when they are read. `faults(source)` has
everything that is wrong with a document, a line each; whatever else reads gives the first of it.
"""

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
from benchmark.results.reading import cell_of, document_of, faults
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
    read_some_units,
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
    "cell_of",
    "document",
    "document_of",
    "faults",
    "first_difference",
    "key_of",
    "merge",
    "read_bundle",
    "read_cell",
    "read_cells",
    "read_document",
    "read_some_units",
    "read_units",
    "same_document",
    "schema_text",
    "to_json",
    "write_bundle",
    "write_cell",
    "write_document",
    "write_whole",
]
