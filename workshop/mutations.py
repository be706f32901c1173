"""The small lies that a mutation run tells: each changes one thing in one place of a source file."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: where, what it reads, and the whole source with it. ``line`` counts from 1."""

    path: Path
    line: int
    change: str
    source: str


COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitXor: ast.BitAnd,
}
SKIPPED = frozenset({"annotation", "returns", "bases", "type_comment"})
"""Fields that hold no behaviour."""


def mutations(path: Path) -> Iterator[Mutation]:
    """Yield every mutation of a source file, from its top to its end."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for holder, name, index, node in _places(tree):
        for other in _others(name, node):
            before = _brief(node)
            _put(holder, name, index, other)
            source = ast.unparse(ast.fix_missing_locations(tree))
            _put(holder, name, index, node)
            yield Mutation(path, getattr(node, "lineno", 0), f"{before}  =>  {_brief(other)}", source)


Place = tuple[ast.AST, str, int | None, ast.AST]


def _places(node: ast.AST) -> Iterator[Place]:
    """Yield the nodes that may be changed, and where each hangs."""
    for name, value in ast.iter_fields(node):
        if name in SKIPPED:
            continue
        children: Sequence[Any] = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if isinstance(child, ast.AST) and not _is_inert(child):
                yield node, name, index if isinstance(value, list) else None, child
                yield from _places(child)


def _is_inert(node: ast.AST) -> bool:
    """Whether nothing in here is behaviour: documentation, sentences, imports, names of types."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name == "__all__" or (name[0].isupper() and not name.isupper())
        case ast.Call(func=ast.Name(id="cast")):
            return True
    return False


def _put(holder: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(holder, name, node)
    else:
        getattr(holder, name)[index] = node


def _brief(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split()) if node._fields else type(node).__name__
    return text if len(text) <= 90 else f"{text[:87]}..."  # noqa: PLR2004 (a line of a terminal)


def _others(name: str, node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node may be replaced with."""
    how = _HOW.get(type(node))
    if how is not None:
        yield from how(node)
    if name == "test" and not isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
        assert isinstance(node, ast.expr)  # noqa: S101 (a test is an expression)
        yield ast.UnaryOp(ast.Not(), node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield ast.Compare(node.left, [*node.ops[:at], other(), *node.ops[at + 1 :]], node.comparators)


def _bool_op(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    for rest in _without_one(node.values):
        yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]


def _unary_op(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _bin_op(node: ast.BinOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.BitOr | ast.BitAnd):
        yield from (node.left, node.right)
    else:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str() if not (" " in node.value and len(node.value) > 1):  # a sentence is for people
            yield ast.Constant("XX" + node.value)
        case bytes():
            yield ast.Constant(b"XX" + node.value)


def _dict(node: ast.Dict) -> Iterator[ast.AST]:
    for keys, values in zip(_without_one(node.keys), _without_one(node.values), strict=True):
        yield ast.Dict(keys, values)


def _elements(node: ast.Set | ast.List | ast.Tuple) -> Iterator[ast.AST]:
    for rest in _without_one(node.elts):
        if rest or not isinstance(node, ast.Set):
            yield type(node)(rest) if isinstance(node, ast.Set) else type(node)(rest, node.ctx)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    for rest in _without_one(node.keywords):
        yield ast.Call(node.func, node.args, rest)


def _comprehension(node: ast.comprehension) -> Iterator[ast.AST]:
    for rest in _without_one(node.ifs):
        yield ast.comprehension(node.target, node.iter, rest, node.is_async)


def _return(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))


def _assign(node: ast.Assign) -> Iterator[ast.AST]:
    if not _is_none(node.value):
        yield ast.Assign(node.targets, ast.Constant(None))


def _gone(_node: ast.AST) -> Iterator[ast.AST]:
    yield ast.Pass()


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _without_one(items: Sequence[Any]) -> Iterator[list[Any]]:
    for at in range(len(items)):
        yield [*items[:at], *items[at + 1 :]]


_HOW: dict[type[ast.AST], Callable[[Any], Iterator[ast.AST]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool_op,
    ast.UnaryOp: _unary_op,
    ast.BinOp: _bin_op,
    ast.Constant: _constant,
    ast.Dict: _dict,
    ast.Set: _elements,
    ast.List: _elements,
    ast.Tuple: _elements,
    ast.Call: _call,
    ast.comprehension: _comprehension,
    ast.Return: _return,
    ast.Assign: _assign,
    ast.Raise: _gone,
    ast.Expr: _gone,
    ast.AugAssign: _gone,
    ast.Continue: _gone,
    ast.Break: _gone,
}
