"""A text model's chat template with a place for pictures: Gemma and Llama write none of their own.

Such templates take what is said as one text. Here the parts of a turn are written into one first,
`<image>` and a line's end for a picture, and the template itself stays as it is.
"""

from __future__ import annotations

from typing import Any

from jinja2.exceptions import TemplateError

IMAGE = "<image>"
TOGETHER = (
    "{%- set joined = namespace(turns=[], text='') -%}"
    "{%- for message in messages -%}"
    "{%- set joined.text = message['content'] if message['content'] is string else '' -%}"
    "{%- for part in message['content'] if message['content'] is not string -%}"
    "{%- if part['type'] == 'image' -%}{%- set joined.text = joined.text + '<image>\\n' -%}"
    "{%- else -%}{%- set joined.text = joined.text + part['text'] -%}{%- endif -%}"
    "{%- endfor -%}"
    "{%- set turn = {'role': message['role'], 'content': joined.text} -%}"
    "{%- set joined.turns = joined.turns + [turn] -%}"
    "{%- endfor -%}"
    "{%- set messages = joined.turns -%}"
)
"""Before a template: every turn's parts as one text."""


def with_pictures(tokenizer: Any) -> str:
    """The template of a tokenizer where it writes `<image>` itself, else with `TOGETHER` before it.

    Raises ValueError, one line, where the tokenizer has no template.
    """
    own = tokenizer.chat_template
    if not own:
        raise ValueError(
            "the language model's tokenizer has no chat template, wanted one: take the model that "
            "was taught to chat (-it, -Instruct)"
        )
    if not isinstance(own, str):
        own = tokenizer.get_chat_template()
    return own if _writes(tokenizer, own) else TOGETHER + own


def _writes(tokenizer: Any, template: str) -> bool:
    """Whether a template makes the image token of a picture's part, once."""
    said = [{"type": "image"}, {"type": "text", "text": "?"}]
    turns = [{"role": "user", "content": said}]
    try:
        written = tokenizer.apply_chat_template(turns, chat_template=template, tokenize=False)
    except (TemplateError, TypeError, AttributeError):
        return False
    return str(written).count(IMAGE) == 1
