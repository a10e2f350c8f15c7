"""Conditions of eligibility rules: SQL text parsed by sqlglot, checked for types, turned into polars expressions.

A condition is a tree of :class:`Node`. Numbers are doubles, NaN and division by zero are unknown (NULL), and AND, OR,
NOT, IN and BETWEEN follow SQL's three-valued logic.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Any

import polars as pl
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

ALLOWED = (
    "AND, OR, NOT, = <> < <= > >=, IN (…), BETWEEN, IS [NOT] NULL, IS [NOT] TRUE/FALSE, LIKE, + - * /, "
    "numbers, texts, TRUE, FALSE and columns customer.*, offer.*, segment.*"
)


class Type(Enum):
    """The type of a condition's value."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth value"


@dataclass(frozen=True, slots=True)
class Node:
    """An operation over ``args``; ``op`` is ``column`` (value: scope and name), ``literal`` or an SQL operator."""

    op: str
    type: Type
    args: tuple[Node, ...] = ()
    value: object = None

    def scopes(self) -> frozenset[str]:
        """Return which of customer, offer and segment the value depends on."""
        if self.op == "column" and isinstance(self.value, tuple):
            return frozenset(self.value[:1])
        return frozenset().union(*(arg.scopes() for arg in self.args))

    def columns(self) -> frozenset[tuple[str, str]]:
        """Return the (scope, column) pairs that the value depends on."""
        if self.op == "column" and isinstance(self.value, tuple):
            return frozenset({self.value})
        return frozenset().union(*(arg.columns() for arg in self.args))


class ConditionRefused(Exception):
    """A condition that is no allowed expression; ``rule`` is the finding's identifier, ``value`` the part."""

    def __init__(self, rule: str, value: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.value = value
        self.message = message


def column_type(dtype: pl.DataType) -> Type | None:
    """Return the condition type of a column, None where conditions cannot use it."""
    if dtype == pl.Boolean:
        return Type.TRUTH
    if dtype.is_numeric():
        return Type.NUMBER
    return Type.TEXT if isinstance(dtype, pl.String | pl.Categorical | pl.Enum) else None


def parse_condition(sql: str, scopes: Mapping[str, Mapping[str, pl.DataType]]) -> Node:
    """Return the condition as a typed tree; ``scopes`` gives the columns of customer, offer and segment.

    Raises
    ------
    ConditionRefused
        If the text does not parse, names an unknown column, mixes types or uses what is not allowed.
    """
    try:
        tree = sqlglot.parse_one(sql)
    except (SqlglotError, RecursionError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else "not an expression"
        cause = re.sub(r"\x1b\[[0-9;]*m", "", cause)
        raise ConditionRefused("eligibility-syntax", sql, f"does not parse: {cause}; allowed are {ALLOWED}") from error
    node = _translate(tree, scopes)
    _expect(node, Type.TRUTH, tree)
    return node


_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_LOGIC: dict[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}

_Scopes = Mapping[str, Mapping[str, pl.DataType]]


def _translate(tree: exp.Expr, scopes: _Scopes) -> Node:
    kind = type(tree)
    if kind is exp.Paren:
        return _translate(tree.this, scopes)
    if kind in _LOGIC:
        return Node(_LOGIC[kind], Type.TRUTH, _operands(tree, scopes, Type.TRUTH))
    if kind in _ARITHMETIC:
        return Node(_ARITHMETIC[kind], Type.NUMBER, _operands(tree, scopes, Type.NUMBER))
    if kind in _COMPARISONS:
        return _comparison(_COMPARISONS[kind], tree, scopes)
    special: dict[object, Callable[[Any, _Scopes], Node]] = {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Boolean: _boolean,
        exp.Not: _negation,
        exp.Neg: _minus,
        exp.In: _membership,
        exp.Between: _between,
        exp.Is: _is,
        exp.Like: _like,
    }
    if kind not in special:
        raise ConditionRefused("eligibility-not-allowed", tree.sql(), f"is not allowed; allowed are {ALLOWED}")
    return special[kind](tree, scopes)


def _expect(node: Node, wanted: Type, tree: exp.Expr) -> Node:
    if node.type is not wanted:
        raise ConditionRefused(
            "eligibility-type", tree.sql(), f"is a {node.type.value} where a {wanted.value} is needed"
        )
    return node


def _operands(tree: exp.Expr, scopes: _Scopes, wanted: Type) -> tuple[Node, ...]:
    return tuple(
        _expect(_translate(operand, scopes), wanted, operand) for operand in (tree.this, tree.args["expression"])
    )


def _comparison(op: str, tree: exp.Expr, scopes: _Scopes) -> Node:
    left = _translate(tree.this, scopes)
    right = _expect(_translate(tree.args["expression"], scopes), left.type, tree.args["expression"])
    if left.type is Type.TRUTH and op not in {"=", "<>"}:
        raise ConditionRefused("eligibility-type", tree.sql(), "truth values have no order; use = or <>")
    return Node(op, Type.TRUTH, (left, right))


def _column(tree: exp.Expr, scopes: _Scopes) -> Node:
    scope, name = str(tree.args["table"].name) if tree.args.get("table") else "", tree.name
    if scope not in scopes or tree.args.get("db"):
        message = f"no such table; write {', '.join(f'{known}.column' for known in scopes)}"
        raise ConditionRefused("eligibility-unknown-column", tree.sql(), message)
    if name not in scopes[scope]:
        message = f"no such column; {scope} has {', '.join(scopes[scope])}"
        raise ConditionRefused("eligibility-unknown-column", tree.sql(), message)
    dtype = scopes[scope][name]
    kind = column_type(dtype)
    if kind is None:
        raise ConditionRefused("eligibility-type", tree.sql(), f"columns of type {dtype} cannot be used in conditions")
    return Node("column", kind, value=(scope, name))


def _literal(tree: exp.Expr, _: _Scopes) -> Node:
    if tree.args["is_string"]:
        return Node("literal", Type.TEXT, value=str(tree.this))
    return Node("literal", Type.NUMBER, value=float(tree.this))


def _boolean(tree: exp.Expr, _: _Scopes) -> Node:
    return Node("literal", Type.TRUTH, value=bool(tree.this))


def _negation(tree: exp.Expr, scopes: _Scopes) -> Node:
    return Node("not", Type.TRUTH, (_expect(_translate(tree.this, scopes), Type.TRUTH, tree.this),))


def _minus(tree: exp.Expr, scopes: _Scopes) -> Node:
    return Node("negative", Type.NUMBER, (_expect(_translate(tree.this, scopes), Type.NUMBER, tree.this),))


def _membership(tree: exp.Expr, scopes: _Scopes) -> Node:
    items = tree.args.get("expressions") or []
    if not items or tree.args.get("query") or tree.args.get("unnest"):
        raise ConditionRefused("eligibility-not-allowed", tree.sql(), "IN needs a list of values in parentheses")
    left = _translate(tree.this, scopes)
    equal = [Node("=", Type.TRUTH, (left, _expect(_translate(item, scopes), left.type, item))) for item in items]
    return reduce(lambda one, other: Node("or", Type.TRUTH, (one, other)), equal)


def _between(tree: exp.Expr, scopes: _Scopes) -> Node:
    middle = _translate(tree.this, scopes)
    if middle.type is Type.TRUTH:
        raise ConditionRefused("eligibility-type", tree.sql(), "truth values have no order; use = or <>")
    low = _expect(_translate(tree.args["low"], scopes), middle.type, tree.args["low"])
    high = _expect(_translate(tree.args["high"], scopes), middle.type, tree.args["high"])
    return Node("and", Type.TRUTH, (Node(">=", Type.TRUTH, (middle, low)), Node("<=", Type.TRUTH, (middle, high))))


def _is(tree: exp.Expr, scopes: _Scopes) -> Node:
    operand, test = _translate(tree.this, scopes), tree.args["expression"]
    if isinstance(test, exp.Null):
        return Node("is null", Type.TRUTH, (operand,))
    if isinstance(test, exp.Boolean):
        _expect(operand, Type.TRUTH, tree.this)
        return Node("is true" if test.this else "is false", Type.TRUTH, (operand,))
    raise ConditionRefused("eligibility-not-allowed", tree.sql(), "IS takes NULL, TRUE or FALSE")


def _like(tree: exp.Expr, scopes: _Scopes) -> Node:
    text = _expect(_translate(tree.this, scopes), Type.TEXT, tree.this)
    pattern = tree.args["expression"]
    if not isinstance(pattern, exp.Literal) or not pattern.args["is_string"]:
        raise ConditionRefused("eligibility-not-allowed", tree.sql(), "LIKE takes a text in quotes, with % and _")
    regex = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in str(pattern.this))
    return Node("like", Type.TRUTH, (text,), f"(?s)^{regex}$")


def expression(node: Node) -> pl.Expr:
    """Return the polars expression of a condition over columns named ``scope.column``."""
    if node.op == "literal":
        dtype = {Type.NUMBER: pl.Float64, Type.TEXT: pl.String, Type.TRUTH: pl.Boolean}[node.type]
        return pl.lit(node.value, dtype=dtype)
    if node.op == "column" and isinstance(node.value, tuple):
        column = pl.col(".".join(node.value))
        if node.type is Type.NUMBER:
            return column.cast(pl.Float64).fill_nan(None)
        return column.cast(pl.String) if node.type is Type.TEXT else column
    return _operation(node, [expression(arg) for arg in node.args])


def _divided(dividend: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    return pl.when(divisor != 0).then(dividend / divisor)


def _operation(node: Node, args: list[pl.Expr]) -> pl.Expr:
    if node.op == "like":
        return args[0].str.contains(str(node.value))
    if len(args) == 1:
        return _UNARY[node.op](args[0])
    return _BINARY[node.op](args[0], args[1])


_UNARY: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "not": operator.invert,
    "negative": operator.neg,
    "is null": lambda operand: operand.is_null(),
    "is true": lambda operand: operand.fill_null(value=False),
    "is false": lambda operand: (~operand).fill_null(value=False),
}
_BINARY: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "and": operator.and_,
    "or": operator.or_,
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
}
