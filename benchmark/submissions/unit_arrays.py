"""Files of units of unknown origin: the arrays that such a file may hold, within bounds.

An own reader, since what numpy reads has no bounds: every part is unpacked up to a limit, headers
have one spelling, arrays one of two types, and nothing is ever unpickled.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

import numpy as np

from benchmark.results.unit_files import COLUMNS
from benchmark.statistics import StoredUnits
from benchmark.submissions.limits import MB, MOST_ARRAYS, UNPACKED
from benchmark.submissions.words import escaped

MAGIC = b"\x93NUMPY\x01\x00"
HEADER = re.compile(
    rb"\{'descr': '(<f8|<i8)', 'fortran_order': False, 'shape': \((|[0-9]{1,9},)\), \} *\n"
)
"""Of a number or a row of numbers, as numpy spells it."""
LONGEST_HEADER = 256
KINDS = {"cluster": b"<i8", "draws_id": b"<i8"}
SINGLE = ("point", "draws_id")
ENCRYPTED = 0x1
ENTRY = b"PK\x01\x02"
"""What every line of an archive's list begins with."""


def read_arrays(content: bytes) -> dict[str, StoredUnits]:
    """Units by score. Raises ValueError in one line for whatever no unit file is."""
    columns: dict[str, dict[str, np.ndarray]] = {}
    for key, array in _parts(content).items():
        name, _, column = key.rpartition("|")
        columns.setdefault(name, {})[column] = array
    return {name: _units(name, found) for name, found in columns.items()}


def _parts(content: bytes) -> dict[str, np.ndarray]:
    """Every array by its key `<score>|<column>`."""
    if content.count(ENTRY) > 2 * MOST_ARRAYS:
        raise ValueError(f"lists over {MOST_ARRAYS:,} arrays, the most that are read")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_ARRAYS:
                raise ValueError(f"holds {len(members):,} arrays, at most {MOST_ARRAYS:,} are read")
            found: dict[str, np.ndarray] = {}
            left = UNPACKED
            for member in members:
                key = _key(member, found)
                data = _unpacked(archive, member, left)
                left -= len(data)
                found[key] = _array(key, data)
            return found
    except _DAMAGE as error:
        raise ValueError(f"is no whole file of units ({_said(error)})") from None


_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    OverflowError,
    UnicodeError,
)
"""What `zipfile` raises for bytes that are no archive, or one of a kind that is not read."""


def _said(error: BaseException) -> str:
    return escaped(" ".join(str(error).split()), 120) or type(error).__name__


def _key(member: zipfile.ZipInfo, found: dict[str, np.ndarray]) -> str:
    """The key of a part. Raises ValueError for one that no unit file has."""
    shown = escaped(member.filename, 80)
    key = member.filename.removesuffix(".npy")
    if key == member.filename or "|" not in key or key.rpartition("|")[2] not in COLUMNS:
        raise ValueError(f"holds {shown}, which no unit file has")
    if key in found:
        raise ValueError(f"holds {shown} twice")
    if member.flag_bits & ENCRYPTED:
        raise ValueError(f"holds {shown} encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"holds {shown} packed by method {member.compress_type}, wanted deflate")
    return key


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of a part; no more than `left` are ever unpacked, whatever it claims."""
    if member.file_size > left:
        raise ValueError(_too_large())
    with archive.open(member) as part:
        data = part.read(member.file_size + 1)
    if len(data) != member.file_size:
        shown = escaped(member.filename, 80)
        raise ValueError(f"{shown} does not unpack to the {member.file_size:,} bytes it claims")
    return data


def _too_large() -> str:
    return f"unpacks to over {UNPACKED // MB} MB, the most that is read"


def _array(key: str, data: bytes) -> np.ndarray:
    """A number or a row of numbers. Raises ValueError for any other array."""
    shown = escaped(key, 80)
    if not data.startswith(MAGIC) or len(data) < 10:
        raise ValueError(f"{shown} is no array of numpy's format 1.0")
    length = int.from_bytes(data[8:10], "little")
    header = HEADER.fullmatch(data[10 : 10 + min(length, LONGEST_HEADER)])
    if header is None or length > LONGEST_HEADER:
        raise ValueError(f"{shown} is no row of float64 or int64 numbers: wanted no other array")
    column = key.rpartition("|")[2]
    kind, shape = header.group(1), header.group(2)
    if kind != KINDS.get(column, b"<f8"):
        raise ValueError(f"{shown} is of type {kind.decode()}, wanted the other of <f8 and <i8")
    single = column in SINGLE
    if single != (not shape):
        raise ValueError(f"{shown} is {'a row' if shape else 'one number'}, wanted the other")
    count = int(shape[:-1]) if shape else 1
    body = data[10 + length :]
    if len(body) != 8 * count:
        raise ValueError(f"{shown} claims {count:,} numbers, and holds {len(body):,} bytes")
    array = np.frombuffer(body, dtype=kind.decode())
    if kind == b"<f8" and column != "replicates" and not np.isfinite(array).all():
        raise ValueError(f"{shown} holds numbers that are not finite")
    return array if not single else array.reshape(())


def _units(name: str, found: dict[str, np.ndarray]) -> StoredUnits:
    """The columns of one score. Raises ValueError where they are not those of one."""
    shown = escaped(name, 80)
    if "numerator" not in found:
        raise ValueError(f"holds no numerators of {shown}")
    n = len(found["numerator"])
    for column in ("denominator", "cluster"):
        if column in found and len(found[column]) != n:
            raise ValueError(f"{shown}: {len(found[column]):,} of {column}, wanted {n:,}")
    together = [column in found for column in ("point", "replicates", "draws_id")]
    if any(together) != all(together):
        raise ValueError(f"{shown}: point, replicates and draws_id come together")
    point, draws = found.get("point"), found.get("draws_id")
    return StoredUnits(
        found["numerator"],
        found.get("denominator"),
        found.get("cluster"),
        None if point is None else float(point),
        found.get("replicates"),
        None if draws is None else int(draws),
    )
