"""Faulty dictionaries: each differs from the sound method's in a line or two."""

from __future__ import annotations

from benchmark.conformance import method_codes as codes
from tests.faults.mutants import Mutant

CENTRE = "        x = x - self.means[modality]\n"
ENCODED = "        return SparseCodes.from_slots(values, indices, self.n)\n"
DIRECTIONS = "        return torch.cat([rows, blank] if modality"
DECODED = "        return codes.dense() @ self.rows[modality] + self.means[modality]\n"
ALIGNED = "SparseCodes.from_slots(codes.values, codes.indices + shift, 2 * self.n)"

DICTIONARIES: tuple[Mutant, ...] = (
    Mutant(
        "batch_leak",
        CENTRE,
        "        x = x - x.mean(0)\n",
        codes.ALONE,
        "use nothing of the other rows",
    ),
    Mutant(
        "batch_leak_in_decode",
        DECODED,
        "        out = codes.dense() @ self.rows[modality] + self.means[modality]\n"
        "        return out + 1e-3 * codes.dense().mean()\n",
        codes.ALONE,
        "decode(image) of 1 rows differs",
    ),
    Mutant(
        "out_of_range",
        ENCODED,
        "        return SparseCodes.from_slots(values, indices + 1, self.n)\n",
        codes.ENCODES,
        "wanted 0 to 31",
    ),
    Mutant(
        "unsorted",
        ENCODED,
        "        return SparseCodes(values, indices, self.n)\n",
        codes.ENCODES,
        "do not ascend",
    ),
    Mutant(
        "nan_codes",
        ENCODED,
        "        values = values / (values > 0.5)\n" + ENCODED,
        codes.ENCODES,
        "NaN or infinite",
    ),
    Mutant(
        "lost_row",
        ENCODED,
        "        return SparseCodes.from_slots(values[1:], indices[1:], self.n)\n",
        codes.ENCODES,
        "values (95, 4), wanted (96, 4)",
    ),
    Mutant(
        "codes_with_gradient",
        ENCODED,
        "        values = values.requires_grad_()\n" + ENCODED,
        codes.ENCODES,
        "requires a gradient",
    ),
    Mutant(
        "wrong_frame",
        ALIGNED,
        ALIGNED.replace("2 * self.n", "self.n"),
        codes.ALIGNS,
        "has width 32, wanted 64",
    ),
    Mutant(
        "wrong_rows",
        DECODED,
        "        return codes.dense() @ self.rows[modality][:, :-1]\n",
        codes.DECODES,
        "returned (96, 23), wanted (96, 24)",
    ),
    Mutant(
        "native_directions",
        DIRECTIONS,
        "        return rows if rows.any() else torch.cat([rows] if modality",
        codes.DIRECTIONS,
        "returned (32, 24), wanted (64, 24)",
    ),
    Mutant(
        "scaled_directions",
        DIRECTIONS,
        "        rows = 2 * rows\n" + DIRECTIONS,
        codes.TRUE,
        "what decoding each latent adds",
    ),
    Mutant(
        "swapped_directions",
        '[rows, blank] if modality == "image"',
        '[rows, blank] if modality == "text"',
        codes.TRUE,
        "what decoding each latent adds",
    ),
    Mutant(
        "crowded_directions",
        "        blank = torch.zeros_like(rows)\n",
        "        blank = torch.ones_like(rows)\n",
        codes.TRUE,
        "are not 0 where image has no latent",
    ),
    Mutant(
        "in_place",
        CENTRE,
        "        x -= self.means[modality]\n",
        codes.STATELESS,
        "changed its input in place",
    ),
    Mutant(
        "dropout",
        CENTRE,
        CENTRE + "        self.means[modality].add_(0.01)\n",
        codes.STATELESS,
        "twice gives two codes",
    ),
)
