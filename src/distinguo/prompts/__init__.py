"""Prompts: one Jinja template a file, one block a chat message, rendered strictly.

A template defines the blocks `system` (optional) and `user`; each becomes one message. An unknown or missing
variable is an error, never an empty string. The intent of a prompt stands in a comment at the top of its file.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from distinguo.records import Message


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("distinguo", "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        autoescape=False,  # the reader is a language model, not a browser
    )
    return environment.get_template(f"{name}.j2")


def render(name: str, **values: object) -> tuple[Message, ...]:
    """Render the template `name` to its messages, system first.

    Raises jinja2.UndefinedError when the template uses a variable that is not given.
    """
    template = _template(name)
    messages = []
    for role in ("system", "user"):
        if role in template.blocks:
            context = template.new_context(dict(values))
            text = "".join(template.blocks[role](context)).strip()
            if text:
                messages.append(Message(role, text))
    return tuple(messages)
