"""Whether one SQL statement only reads, as far as its text tells.

What a view, a rule or a user's own function does when it is read is not in the text: an account that
may only read is the second fence.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from interlock.classify.exposure import restricted_word
from interlock.classify.lexicon import sql as allowed
from interlock.classify.lexicon.parameters import SQL_DIALECTS
from interlock.classify.tokens import lower_words

LONGEST = 20_000  # characters; longer statements are not judged
# Where two readers of the same text may differ: comments, escapes, dollar quotes, odd characters.
_TWO_READINGS = re.compile(
    r"--|/\*|\*/|\\|\$\w*\$|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0080-\u00a0\u2000-\u200f\u2028-\u202f\ufeff]"
)
_HASH_COMMENTS = frozenset({"mysql", "bigquery"})
_PLAIN_TABLE = re.compile(r"[\w -]+\Z")


def dialect_of(words: Collection[str]) -> str | None:
    """Return the one SQL dialect that ``words`` name, in sqlglot's spelling, or None for none or several."""
    named = {SQL_DIALECTS[word] for word in words if word in SQL_DIALECTS}
    return named.pop() if len(named) == 1 else None


def reading_statement(text: str, dialect: str) -> exp.Expr | None:
    """Return the parsed statement if ``text`` is a single one that is known only to read, else None."""
    if len(text) > LONGEST or _TWO_READINGS.search(text) or (dialect in _HASH_COMMENTS and "#" in text):
        return None
    if not text.lstrip().lower().startswith(allowed.OPENINGS):
        return None
    try:
        statements = sqlglot.parse(text, read=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation | exp.Values | exp.Subquery):
        return None
    return statements[0] if all(_harmless(node) for node in statements[0].walk()) else None


def _harmless(node: exp.Expr) -> bool:
    """Whether a node is of a kind that only reads."""
    kind = type(node).__name__
    if kind == "Anonymous":
        return str(node.name).lower() in allowed.NAMED
    if kind not in allowed.STRUCTURE and kind not in allowed.FUNCTIONS:
        return False
    if isinstance(node, exp.Table):
        return _plain_table(node)
    if isinstance(node, exp.Dot):
        return not isinstance(node.expression, exp.Func | exp.Anonymous)
    if isinstance(node, exp.DataType):
        return node.this is not exp.DataType.Type.USERDEFINED
    return True


def _plain_table(table: exp.Table) -> bool:
    """Whether a table is named plainly: no file, no address, no stage. A function in its place is judged as one."""
    if isinstance(table.this, exp.Func):
        return True
    return isinstance(table.this, exp.Identifier) and all(_PLAIN_TABLE.match(part.name) for part in table.parts)


def touches_secrets(statement: exp.Expr) -> str | None:
    """Return the first table or column of a statement whose name says that it holds secrets, or None."""
    for node in statement.find_all(exp.Table, exp.Column):
        name = node.name.lower()
        if name in allowed.SECRET_TABLES or restricted_word(lower_words(name), whole=True):
            return name
        if isinstance(node, exp.Table) and node.db.lower() == "mysql":
            return f"mysql.{name}"
    return None
