"""Miniature checkpoints of every format, from known weights, and their codes by plain formulas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

D, M, K = 12, 40, 4
ROWS = torch.randn(60, D, generator=torch.Generator().manual_seed(5))


def drawn(*shape: int, seed: int, scale: float = 0.5) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class Weights:
    """Those of one SAE: W_enc [d, m], W_dec [m, d] with rows of any length, and biases."""

    seed: int = 0
    W_enc: Tensor = field(init=False)
    W_dec: Tensor = field(init=False)
    b_enc: Tensor = field(init=False)
    b_dec: Tensor = field(init=False)

    def __post_init__(self) -> None:
        for i, (name, shape) in enumerate(
            (("W_enc", (D, M)), ("W_dec", (M, D)), ("b_enc", (M,)), ("b_dec", (D,)))
        ):
            object.__setattr__(self, name, drawn(*shape, seed=10 * self.seed + i))

    def pre(self, x: Tensor, *, subtracts: bool = True) -> Tensor:
        return (x - self.b_dec * subtracts) @ self.W_enc + self.b_enc

    def out(self, z: Tensor) -> Tensor:
        return z @ self.W_dec + self.b_dec


W, V = Weights(), Weights(1)


def topk(pre: Tensor, k: int = K) -> Tensor:
    values, indices = pre.relu().topk(k, dim=1)
    return torch.zeros_like(pre).scatter(1, indices, values)


def whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: t.contiguous().clone() for key, t in tensors.items()}


def saelens(
    folder: Path, w: Weights = W, more: dict[str, Tensor] | None = None, **cfg: Any
) -> Path:
    """A folder as SAELens 6 saves it."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = {"W_enc": w.W_enc, "W_dec": w.W_dec, "b_enc": w.b_enc, "b_dec": w.b_dec}
    tensors = {**plain, **(more or {})}
    if cfg.get("architecture") == "gated":
        del tensors["b_enc"]
    save_file(whole(tensors), folder / "sae_weights.safetensors")
    metadata = {"sae_lens_version": "6.0.0", **cfg.pop("metadata", {})}
    sizes = {"d_in": len(w.W_enc), "d_sae": w.W_enc.shape[1], "dtype": "float32"}
    written = {"architecture": "standard", **sizes, "metadata": metadata, **cfg}
    (folder / "cfg.json").write_text(json.dumps(written))
    return folder


def torch_file(path: Path, content: Any, config: dict[str, Any] | None = None) -> Path:
    """A torch file in a folder of its own, with config.json beside it where there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    if config is not None:
        (path.parent / "config.json").write_text(json.dumps(config))
    return path.parent


def linear(w: Weights = W) -> dict[str, Tensor]:
    return whole({"encoder.weight": w.W_enc.T, "encoder.bias": w.b_enc})


def trainer(kind: str, **more: Any) -> dict[str, Any]:
    return {"trainer": {"dict_class": kind, "activation_dim": D, "dict_size": M, **more}}


@dataclass(frozen=True)
class One:
    """A miniature with one SAE: how it is written, what to say of it, its codes and outputs."""

    format: str
    write: Callable[[Path], Path]
    codes: Tensor
    out: Tensor
    says: tuple[str, ...] = ()


THRESHOLD = drawn(M, seed=77).abs()
B_GATE, B_MAG, R_MAG = drawn(M, seed=71), drawn(M, seed=72), drawn(M, seed=73)
UNIT = W.W_dec / W.W_dec.norm(dim=1, keepdim=True)
NORMS = W.W_dec.norm(dim=1)


def gated_codes() -> Tensor:
    inner = (ROWS - W.b_dec) @ W.W_enc
    return (R_MAG.exp() * inner + B_MAG).relu() * (inner + B_GATE > 0)


def jumped(pre: Tensor, threshold: Tensor | float) -> Tensor:
    return pre.relu() * (pre > threshold)


def ones() -> dict[str, One]:
    """Every miniature with one SAE, by name."""
    x, pre = ROWS, W.pre(ROWS)
    raw = W.pre(x, subtracts=False)
    gate = {"b_gate": B_GATE, "b_mag": B_MAG, "r_mag": R_MAG}
    k, least = torch.tensor(K), torch.tensor(0.7)
    plain = whole({"W_enc": W.W_enc, "W_dec": W.W_dec, "b_enc": W.b_enc, "b_dec": W.b_dec})
    lin = {**linear(), "decoder.weight": W.W_dec.T.contiguous()}
    dl = "dictionary_learning"

    def made(
        name: str, write: Callable[[Path], Path], z: Tensor, *says: str, out: Any = None
    ) -> One:
        return One(name, write, z, W.out(z) if out is None else out, says)

    rescaled = topk(pre * NORMS)
    auto = (pre * NORMS).relu()
    archetype = {
        "encoder.final_block.0.weight": W.W_enc.T.contiguous(),
        "encoder.final_block.0.bias": W.b_enc,
        "dictionary._weights": UNIT,
        "dictionary.multiplier": torch.tensor(0.3),
    }
    no_bias = x @ W.W_enc + W.b_enc
    scaled = (ROWS * 2 - 2 * V.b_dec - W.b_dec) @ W.W_enc + W.b_enc
    msae = {"encoder": W.W_enc, "decoder": W.W_dec, "latent_bias": W.b_enc, "pre_bias": W.b_dec}
    header = {"schema": 5, "cfg": {"activation": {"key": "top-k", "top_k": K}, "d_model": D}}

    def saev(path: Path, header: dict[str, Any]) -> Path:
        folder = torch_file(path / "sae.pt", plain)
        state = (folder / "sae.pt").read_bytes()
        (folder / "sae.pt").write_bytes(json.dumps(header).encode() + b"\n" + state)
        return folder

    def npz(path: Path) -> Path:
        path.mkdir(parents=True)
        arrays = {name: t.numpy() for name, t in {**plain, "threshold": THRESHOLD}.items()}
        np.savez(path / "params.npz", **arrays)
        return path

    def eleuther(path: Path) -> Path:
        path.mkdir(parents=True)
        save_file({**linear(), "W_dec": W.W_dec, "b_dec": W.b_dec}, path / "sae.safetensors")
        (path / "cfg.json").write_text(json.dumps({"k": K, "d_in": D, "num_latents": M}))
        return path

    def pretrained(path: Path) -> Path:
        path.mkdir(parents=True)
        save_file({**linear(), "W_dec": W.W_dec, "b_dec": W.b_dec}, path / "model.safetensors")
        told = {"hidden_size": D, "latent_size": M, "k": K, "model_type": "topk_sae"}
        (path / "config.json").write_text(json.dumps(told))
        return path

    return {
        "saelens standard": made("saelens", lambda p: saelens(p), pre.relu()),
        "saelens without b_dec first": made(
            "saelens", lambda p: saelens(p, apply_b_dec_to_input=False), raw.relu()
        ),
        "saelens topk": made("saelens", lambda p: saelens(p, architecture="topk", k=K), topk(pre)),
        "saelens topk by decoder norm": made(
            "saelens",
            lambda p: saelens(p, architecture="topk", k=K, rescale_acts_by_decoder_norm=True),
            rescaled,
            out=rescaled / NORMS @ W.W_dec + W.b_dec,
        ),
        "saelens before version 6": made(
            "saelens",
            lambda p: saelens(
                p,
                metadata={"sae_lens_version": None},
                activation_fn_str="topk",
                activation_fn_kwargs={"k": K},
                hook_point="blocks.3.hook_resid_post",
            ),
            topk(pre),
        ),
        "saelens jumprelu": made(
            "saelens",
            lambda p: saelens(p, more={"threshold": THRESHOLD}, architecture="jumprelu"),
            jumped(pre, THRESHOLD),
        ),
        "saelens gated": made(
            "saelens", lambda p: saelens(p, more=gate, architecture="gated"), gated_codes()
        ),
        "saelens batchtopk in training": made(
            "saelens",
            lambda p: saelens(p, more={"topk_threshold": least}, architecture="batchtopk", k=K),
            jumped(pre, 0.7),
        ),
        f"{dl} AutoEncoder": made(
            dl,
            lambda p: torch_file(p / "ae.pt", {**lin, "bias": W.b_dec}, trainer("AutoEncoder")),
            auto,
            out=auto @ UNIT + W.b_dec,
        ),
        f"{dl} AutoEncoder without config": made(
            dl,
            lambda p: torch_file(p / "ae.pt", {**lin, "bias": W.b_dec}),
            auto,
            out=auto @ UNIT + W.b_dec,
        ),
        f"{dl} AutoEncoderNew": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt", {**lin, "decoder.bias": W.b_dec}, trainer("AutoEncoderNew")
            ),
            raw.relu(),
        ),
        f"{dl} GatedAutoEncoder": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt",
                {
                    "encoder.weight": W.W_enc.T,
                    "decoder.weight": W.W_dec.T,
                    "decoder_bias": W.b_dec,
                    "r_mag": R_MAG,
                    "gate_bias": B_GATE,
                    "mag_bias": B_MAG,
                },
                trainer("GatedAutoEncoder"),
            ),
            gated_codes(),
        ),
        f"{dl} JumpReluAutoEncoder": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt", {**plain, "threshold": THRESHOLD}, trainer("JumpReluAutoEncoder")
            ),
            jumped(raw, THRESHOLD),
        ),
        f"{dl} AutoEncoderTopK": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt",
                {**lin, "b_dec": W.b_dec, "k": k, "threshold": least},
                trainer("AutoEncoderTopK", k=K),
            ),
            topk(pre),
        ),
        f"{dl} BatchTopKSAE": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt",
                {**lin, "b_dec": W.b_dec, "k": k, "threshold": least},
                trainer("BatchTopKSAE", k=K),
            ),
            jumped(pre, 0.7),
        ),
        f"{dl} MatryoshkaBatchTopKSAE": made(
            dl,
            lambda p: torch_file(
                p / "ae.pt",
                {**plain, "k": k, "threshold": least, "group_sizes": torch.tensor([10, 30])},
                trainer("MatryoshkaBatchTopKSAE", k=K),
            ),
            jumped(pre, 0.7),
        ),
        "sparsify": made("sparsify", eleuther, topk(pre)),
        "overcomplete topk": made(
            "overcomplete",
            lambda p: torch_file(p / "sae.pt", archetype),
            topk(no_bias),
            "activation=topk",
            f"k={K}",
            out=topk(no_bias) @ UNIT * float(torch.tensor(0.3).exp()),
        ),
        "overcomplete jump": made(
            "overcomplete",
            lambda p: torch_file(p / "sae.pt", {**archetype, "thresholds": THRESHOLD.log()}),
            jumped(no_bias, THRESHOLD),
            out=jumped(no_bias, THRESHOLD) @ UNIT * float(torch.tensor(0.3).exp()),
        ),
        "saev": made("saev", lambda p: saev(p, header), topk(pre)),
        "saev relu": made(
            "saev", lambda p: saev(p, {"schema": 1, "activation": "relu"}), pre.relu()
        ),
        "msae": made(
            "msae",
            lambda p: torch_file(
                p / "run.pt",
                {"model": whole(msae), "mean_center": V.b_dec, "scaling_factor": torch.tensor(2.0)},
            ),
            topk(scaled),
            "activation=topk",
            f"k={K}",
            out=(topk(scaled) @ W.W_dec + W.b_dec) / 2 + V.b_dec,
        ),
        "heterogeneity, one": made("heterogeneity", pretrained, topk(pre)),
        "gemma-scope": made("gemma-scope", npz, jumped(raw, THRESHOLD)),
    }
