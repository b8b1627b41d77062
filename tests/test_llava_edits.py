"""Edits while a model speaks: at the chosen positions, in the chosen rows, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark import edits
from benchmark.backends.llava.backend import open_backend
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.hooking import Editor, edited, reading
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Edit
from tests.tiny_llava import BLOCKS, GRID, QUESTIONS, WIDTH, Pictures, save_folder, save_next_folder

N = len(QUESTIONS)
PICTURES = Pictures().images(0, N)
OTHERS = Pictures(2 * N).images(N, 2 * N)


@pytest.fixture(scope="module", params=[save_folder, save_next_folder])
def llava(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Llava:
    folder: Path = request.param(tmp_path_factory.mktemp("llava") / "tiny")
    return open_backend(f"llava:{folder}")


def asked(llava: Llava, pictures: Any = PICTURES) -> Any:
    """Prompts of four lengths, so padded on the left by four amounts."""
    return llava.ask(pictures, QUESTIONS)


def some_patches(llava: Llava, *rows: int) -> Tensor:
    """Two patches in each of these rows."""
    chosen = torch.zeros(N, llava.patch_grid[0] * llava.patch_grid[1], dtype=torch.bool)
    for row in rows:
        chosen[row, [row, row + 4]] = True
    return chosen


def push(seed: int, size: float = 20.0) -> Tensor:
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(seed))
    return size * direction / direction.norm()


def places(prompts: Any, chosen: Tensor) -> Tensor:
    """Positions that show a chosen patch, found one by one."""
    found = torch.zeros_like(prompts.image)
    for row in range(len(prompts)):
        for column, patch in enumerate(prompts.patch[row].tolist()):
            found[row, column] = patch >= 0 and bool(chosen[row, patch])
    return found


def test_an_edit_of_nothing_changes_nothing(llava: Llava) -> None:
    prompts = asked(llava)
    said, logits = llava.answers(prompts, max_new_tokens=6), llava.next_logits(prompts)
    for decode in (False, True):
        for edit in (
            Edit(1, edits.add(torch.zeros(WIDTH)), decode=decode),
            Edit(1, edits.add(push(1)), patches=some_patches(llava), decode=decode),
            Edit(0, lambda x: x, decode=decode),
        ):
            assert torch.equal(llava.next_logits(prompts, [edit]), logits)
            assert llava.answers(prompts, [edit], max_new_tokens=6) == said


def test_an_edit_is_made_at_chosen_patches_and_nowhere_else(llava: Llava) -> None:
    prompts, chosen = asked(llava), some_patches(llava, 0, 1, 2, 3)
    before = llava.residuals(prompts, [1, 2])
    after = llava.residuals(prompts, [1, 2], [Edit(1, edits.add(push(1)), patches=chosen)])
    where = places(prompts, chosen)
    assert where.any(1).all()
    assert torch.allclose(after[1][where], before[1][where] + push(1), atol=1e-5)
    assert torch.equal(after[1][~where], before[1][~where])
    assert (after[2] - before[2])[:, -1].norm(dim=1).min() > 1e-3
    whole = llava.residuals(prompts, [1], [Edit(1, edits.add(push(1)))])[1]
    shows = prompts.inputs["input_ids"] == llava.asker.image_id
    assert torch.equal(whole[~shows], before[1][~shows])
    assert torch.allclose(whole[shows], before[1][shows] + push(1), atol=1e-5)


def test_an_edit_in_one_row_never_leaks_into_another(llava: Llava) -> None:
    prompts = asked(llava)
    said, logits = llava.answers(prompts, max_new_tokens=6), llava.next_logits(prompts)
    loss = llava.spoken(prompts, ["cat"] * N).loss
    for row in range(N):
        for decode in (False, True):
            edit = Edit(1, only(row, edits.add(push(row))), decode=decode)
            chosen = some_patches(llava, row)
            patched = Edit(1, edits.add(push(row)), patches=chosen, decode=decode)
            others = [i for i in range(N) if i != row]
            for each in (edit, patched):
                moved = llava.next_logits(prompts, [each])
                assert torch.equal(moved[others], logits[others])
                assert (moved[row] - logits[row]).abs().max() > 1e-2
                now = llava.answers(prompts, [each], max_new_tokens=6)
                assert [now[i] for i in others] == [said[i] for i in others]
                spoken = llava.spoken(prompts, ["cat"] * N, [each]).loss
                assert torch.equal(spoken[others], loss[others])
                assert abs(float(spoken[row] - loss[row])) > 1e-5


def only(row: int, change: Any) -> Any:
    """The same change in one prompt of the batch."""

    def changed(x: Tensor) -> Tensor:
        out = x.clone()
        out[row] = change(x)[row]
        return out

    return changed


def test_batch_and_padding_change_nothing(llava: Llava) -> None:
    prompts, chosen = asked(llava), some_patches(llava, 0, 1, 2, 3)
    for decode in (False, True):
        edit = Edit(0, edits.add(push(3)), patches=chosen, decode=decode)
        said = llava.answers(prompts, [edit], max_new_tokens=6)
        logits = llava.next_logits(prompts, [edit])
        for row in range(N):
            one = llava.ask(PICTURES[row : row + 1], QUESTIONS[row : row + 1])
            alone = Edit(0, edits.add(push(3)), patches=chosen[row : row + 1], decode=decode)
            assert llava.answers(one, [alone], max_new_tokens=6) == [said[row]]
            assert (llava.next_logits(one, [alone])[0] - logits[row]).abs().max() < 1e-4


def test_edits_of_prefill_leave_decoding_alone_and_others_go_on(llava: Llava) -> None:
    prompts = asked(llava)
    widths: dict[bool, list[int]] = {}
    for decode in (False, True):
        seen: list[int] = []

        def change(x: Tensor, seen: list[int] = seen) -> Tensor:
            seen.append(x.shape[1])
            return x

        llava.answers(prompts, [Edit(2, change, decode=decode)], max_new_tokens=5)
        widths[decode] = seen
    length = prompts.image.shape[1]
    assert widths == {False: [length], True: [length, 1, 1, 1, 1]}


@pytest.mark.parametrize("decode", [False, True])
def test_a_given_answer_is_read_under_an_edit_as_it_was_said(llava: Llava, decode: bool) -> None:
    """A greedy answer, given back, has the loss that it had while it was generated."""
    prompts = asked(llava)
    edit = Edit(1, edits.add(push(2, 4.0)), decode=decode)
    with torch.no_grad(), edited(llava.blocks, prompts, [edit]):
        made = llava.model.generate(
            **prompts.inputs, max_new_tokens=5, output_logits=True, return_dict_in_generate=True
        )
    logs = torch.stack(made.logits, 1).log_softmax(-1)
    said = made.sequences[:, prompts.image.shape[1] :]
    end = llava.asker.chat.tokenizer.eos_token_id
    texts, wanted = [], []
    for row in range(N):
        ids = said[row, :4].tolist()
        ids = [*ids[: ids.index(end)], end] if end in ids else [*ids, end]
        wanted.append(-sum(float(logs[row, i, token]) for i, token in enumerate(ids)))
        texts.append(llava.asker.chat.tokenizer.decode(ids, skip_special_tokens=True))
    assert texts != llava.answers(prompts, max_new_tokens=4)
    assert texts == llava.answers(prompts, [edit], max_new_tokens=4)
    found = llava.spoken(prompts, texts, [edit]).loss
    assert (found - torch.tensor(wanted)).abs().max() < 1e-3
    assert (llava.spoken(prompts, texts).loss - found).abs().max() > 1e-2


def test_a_run_patched_in_is_that_run(llava: Llava) -> None:
    here, there = asked(llava), asked(llava, OTHERS)
    runs = [llava.residuals(p, range(BLOCKS)) for p in (here, there)]
    for block in range(BLOCKS):
        edit = Edit(block, edits.patch_in(runs[1][block]))
        found = llava.residuals(here, range(BLOCKS), [edit])
        shows = here.inputs["input_ids"] == llava.asker.image_id
        for later in range(block, BLOCKS):
            gap = found[later][shows] - runs[1][later][shows]
            assert gap.abs().max() < 1e-4
        assert torch.equal(found[block][~shows], runs[0][block][~shows])
    last = Edit(BLOCKS - 1, edits.patch_in(runs[1][BLOCKS - 1]))
    assert torch.equal(llava.next_logits(here, [last]), llava.next_logits(here))
    first = Edit(0, edits.patch_in(runs[1][0]))
    assert llava.answers(here, [first], 5) != llava.answers(here, max_new_tokens=5)
    own = Edit(0, edits.patch_in(runs[0][0]))
    assert llava.answers(here, [own], 5) == llava.answers(here, max_new_tokens=5)
    spoken = llava.spoken(here, ["cat"] * N, [own]).loss
    assert (spoken - llava.spoken(here, ["cat"] * N).loss).abs().max() < 1e-4
    with pytest.raises(ValueError, match="an edit without decode"):
        llava.answers(here, [Edit(0, first.change, decode=True)], 3)


def test_edits_are_made_in_their_order_and_read_after_them(llava: Llava) -> None:
    prompts = asked(llava)
    double, more = (lambda x: 2 * x), edits.add(torch.ones(WIDTH))
    shows = prompts.inputs["input_ids"] == llava.asker.image_id
    before = llava.residuals(prompts, [1])[1][shows]
    one = llava.residuals(prompts, [1], [Edit(1, double), Edit(1, more)])[1][shows]
    other = llava.residuals(prompts, [1], [Edit(1, more), Edit(1, double)])[1][shows]
    assert torch.allclose(one, 2 * before + 1, atol=1e-4)
    assert torch.allclose(other, 2 * before + 2, atol=1e-4)
    given = llava.spoken(prompts, ["cat"] * N, [Edit(1, double), Edit(1, more)], blocks=[1])
    whole = given.residuals[1][:, : prompts.image.shape[1]][shows]
    assert torch.allclose(whole, one, atol=1e-4)


def test_a_spliced_reconstruction_costs_what_it_loses(llava: Llava) -> None:
    prompts, answers = asked(llava), ["cat , sun"] * N
    plain = llava.spoken(prompts, answers).loss
    same = llava.spoken(prompts, answers, [Edit(1, lambda x: x.clone())]).loss
    gone = llava.spoken(prompts, answers, [Edit(1, edits.ablate(torch.zeros(WIDTH)))]).loss
    assert torch.equal(same, plain)
    assert (gone - plain).abs().min() > 1e-3


def test_no_hook_stays_behind(llava: Llava) -> None:
    prompts = asked(llava)

    def broken(_: Tensor) -> Tensor:
        raise RuntimeError("in the middle")

    before = [len(block._forward_hooks) for block in llava.blocks.modules]
    for act in (
        lambda: llava.answers(prompts, [Edit(1, broken)]),
        lambda: llava.next_logits(prompts, [Edit(1, broken)]),
        lambda: llava.residuals(prompts, [3], [Edit(0, broken), Edit(1, broken)]),
        lambda: llava.spoken(prompts, ["cat"] * N, [Edit(1, broken)]),
    ):
        with pytest.raises(RuntimeError, match="in the middle"):
            act()
        assert [len(block._forward_hooks) for block in llava.blocks.modules] == before


def test_what_cannot_be_edited_is_one_line(llava: Llava) -> None:
    prompts, nothing = asked(llava), edits.add(torch.zeros(WIDTH))
    n_patches = llava.patch_grid[0] * llava.patch_grid[1]
    with pytest.raises(ValueError, match=f"no block {BLOCKS}: .* has blocks 0 to {BLOCKS - 1}"):
        llava.answers(prompts, [Edit(BLOCKS, nothing)])
    with pytest.raises(ValueError, match="wants prompts that have a picture, found none"):
        llava.answers(llava.ask(None, QUESTIONS), [Edit(0, nothing)])
    short = torch.ones(N, n_patches - 1, dtype=torch.bool)
    with pytest.raises(
        ValueError, match=rf"patches \[4, {n_patches - 1}\], wanted \[4, {n_patches}"
    ):
        llava.answers(prompts, [Edit(0, nothing, patches=short)])
    with pytest.raises(ValueError, match="wanted the same shape"):
        llava.next_logits(prompts, [Edit(0, lambda x: x[:, :1])])
    with pytest.raises(ValueError, match=r"an edit of shape \[7\] meets a stream"):
        llava.next_logits(prompts, [Edit(0, edits.add(torch.zeros(7)))])


class Pair(nn.Module):
    """A block that puts out a tuple, as older ones do."""

    def forward(self, x: Tensor) -> tuple[Tensor, str]:
        return x + 1, "cache"


def test_blocks_that_put_out_tuples_are_read_and_edited() -> None:
    blocks = Blocks("layers", nn.ModuleList([Pair(), Pair()]))
    x, chosen = torch.zeros(2, 3, 4), torch.tensor([[True, False, False], [False, False, True]])
    edit = Edit(0, lambda stream: stream + 5)
    handle = blocks[0].register_forward_hook(Editor(edit, chosen))
    with reading(blocks, [0, 1]) as found:
        out, more = blocks[1](blocks[0](x)[0])
    handle.remove()
    assert more == "cache"
    assert torch.equal(found[0], 1 + 5.0 * chosen[..., None].expand(2, 3, 4))
    assert torch.equal(found[1], out)
    assert torch.equal(out, found[0] + 1)


def test_columns_may_come_in_pieces() -> None:
    chosen = torch.tensor([[True, False, True, False]])
    for decode in (False, True):
        editor = Editor(Edit(0, lambda x: x + 1, decode=decode), chosen)
        parts = []
        for width in (1, 2, 3, 1):
            x = torch.zeros(1, width, 2)
            made = editor(nn.Identity(), (), x)
            parts.append((x if made is None else made)[0, :, 0])
        wanted = [1, 0, 1, 0, *([1, 1, 1] if decode else [0, 0, 0])]
        assert torch.cat(parts).tolist() == wanted


def test_the_grid_is_that_of_the_pictures(llava: Llava) -> None:
    assert llava.patch_grid in ((GRID, GRID), (3, 3))


# ------------------------------------------------------------------- before the projector


def tower_push(llava: Llava, size: float = 20.0) -> Tensor:
    width = llava.model.config.vision_config.hidden_size
    return size * torch.ones(width) / width**0.5


@pytest.fixture(scope="module")
def one_view(tmp_path_factory: pytest.TempPathFactory) -> Llava:
    return open_backend(f"llava:{save_folder(tmp_path_factory.mktemp('llava') / 'one')}")


def test_an_edit_before_the_projector_moves_its_patches_and_what_follows(one_view: Llava) -> None:
    prompts, chosen = asked(one_view), some_patches(one_view, 1)
    clean = one_view.residuals(prompts, [0])[0]
    edit = Edit(None, edits.add(tower_push(one_view)), chosen)
    moved = (one_view.residuals(prompts, [0], [edit])[0] - clean).abs().amax(-1)
    where = places(prompts, chosen)
    assert (moved[where] > 1e-3).all()
    before = where.long().cumsum(1) == 0
    assert not moved[before | ~where.any(1, keepdim=True)].any()
    assert torch.equal(one_view.residuals(prompts, [0])[0], clean)


def test_an_edit_before_the_projector_is_one_of_the_pixels_that_it_reads(one_view: Llava) -> None:
    site = next(s for s in one_view.sites if s.name == "tower/tokens")
    rows = one_view.encode(Pictures(), "image", 0, N, site)
    seen: list[Tensor] = []

    def change(x: Tensor) -> Tensor:
        seen.append(x.clone())
        return x

    plain = one_view.answers(asked(one_view), max_new_tokens=4)
    assert one_view.answers(asked(one_view), [Edit(None, change)], max_new_tokens=4) == plain
    assert len(seen) == 1
    assert torch.allclose(seen[0].float(), rows, atol=1e-5)


def test_what_cannot_be_changed_before_the_projector_is_said(one_view: Llava) -> None:
    with pytest.raises(ValueError, match="an edit with decode"):
        one_view.answers(asked(one_view), [Edit(None, lambda x: x, decode=True)])
    bad = torch.zeros(N, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="wanted"):
        one_view.answers(asked(one_view), [Edit(None, lambda x: x, bad)], max_new_tokens=1)
    unknown = replace(one_view, blocks=replace(one_view.blocks, merged=0))
    with pytest.raises(ValueError, match="use a site of the decoder blocks"):
        unknown.answers(asked(unknown), [Edit(None, lambda x: x)], max_new_tokens=1)
    nowhere = replace(one_view, blocks=replace(one_view.blocks, projector=None))
    with pytest.raises(ValueError, match="found no projector"):
        nowhere.answers(asked(nowhere), [Edit(None, lambda x: x)], max_new_tokens=1)
