"""Small faults that a program may have by mistake: where in a file they can be planted, and how it reads then. For mutate.py.

Texts, type hints, logging, progress bars and what is raised are left alone. So is what cannot be seen by construction:
the order of two numbers in max(), a name's encoding or device on this machine, how much is held in memory at once; where a
picture (N, C, H, W) is cut, [-2:] and [2:]; and twice a number that is only there because it isn't zero.
"""

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
}
SYMMETRIC = {
    "min",
    "max",
    "maximum",
    "minimum",
    "hypot",
    "isinstance",
    "equal",
    "isclose",
    "allclose",
    "assert_close",
    "samefile",
    "mul",
    "mse_loss",
    "kendalltau",
}
SILENT = {"log", "tqdm", "isinstance", "TypeVar"}  # calls that say something, or only what type it is
BY_CHOICE = {
    "strict",
    "encoding",
    "device",
    "progress",
    "desc",
    "unit",
    "refresh",
    "non_blocking",
    "repr",
    "daemon",
    "memory_format",
}  # keyword arguments
# How much is computed, kept or read at once, which no result depends on; and what foreign files are like, which only they show.
BY_HAND = {
    "AT_ONCE",
    "KEPT_BYTES",
    "CACHE_BYTES",
    "HISTORY_BYTES",
    "ROWS",
    "WHOLE",
    "TILE",
    "LOOK_EVERY",
    "TORCHVISION_FINGERPRINT",
    "MOST_BYTES",
}
NEXT_TO_NOTHING = 1e-7  # smaller numbers guard a division or a root


@dataclass(frozen=True)
class Fault:
    """One change of a file: of `old` between two places (bytes from the file's start), to `new`."""

    file: str  # from the repository's root
    line: int
    kind: str
    start: int
    end: int
    new: str
    around: tuple[int, int]  # lines of the statement, or of the function whose header it is; none outside of functions
    inside: bool  # is it in the body of a function?

    def planted(self, source: bytes) -> bytes:
        """The file with the fault."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def difference(self, source: bytes) -> str:
        """The lines that change, as `diff` shows them."""
        lines = [text.decode().splitlines() for text in (source, self.planted(source))]
        return "\n".join(line for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:2] not in ("--", "++", "@@"))


def faults_of(path: Path, root: Path) -> list[Fault]:
    """Every fault that can be planted in a file."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, around, inside in _nodes(ast.parse(source), (0, 0)):
        for kind, place, new in _changes(node):
            start, end = starts[place.lineno - 1] + place.col_offset, starts[place.end_lineno - 1] + place.end_col_offset
            found.append(Fault(str(path.relative_to(root)), place.lineno, kind, start, end, new, around, inside))
    return found


def _nodes(node: ast.AST, around: tuple[int, int], inside: bool = False) -> Iterator[tuple[ast.AST, tuple[int, int], bool]]:
    """What may be changed, the lines around it, and whether these are in a function."""
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        ends_with_header = body and not isinstance(node, ast.FunctionDef)
        around = node.lineno, max(node.lineno, body[0].lineno - 1) if ends_with_header else node.end_lineno
        around = around if inside or isinstance(node, ast.FunctionDef) else (0, 0)  # else it runs at import only
    yield node, around, inside
    for part in _parts(node):
        in_body = isinstance(node, ast.FunctionDef) and part in node.body or isinstance(node, ast.Lambda) and part is node.body
        yield from _nodes(part, around, inside or in_body)


def _parts(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that may be changed."""
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return []
        case ast.Call() if not SILENT.isdisjoint(ast.unparse(node.func).split(".")):
            return []
        case ast.Assign(targets=[ast.Name(id=name)]) if name in BY_HAND:
            return []
        case ast.FunctionDef(args=given):
            named = zip((given.posonlyargs + given.args)[::-1], given.defaults[::-1], strict=False)
            named = [*named, *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
            return [
                value for argument, value in named if value is not None and argument.arg not in {*BY_CHOICE, "seed"}
            ] + node.body
        case ast.ClassDef():
            return node.body
        case ast.AnnAssign():
            return [node.value] if node.value else []
        case ast.Call():
            return [node.func, *node.args, *(keyword.value for keyword in node.keywords if keyword.arg not in BY_CHOICE)]
        case ast.Subscript(slice=ast.Slice(lower=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=2)), upper=None)):
            return [node.value]
        case _:
            return list(ast.iter_child_nodes(node))


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, str]]:
    """(kind, what is replaced, by what) for one node."""
    match node:
        case ast.Compare(ops=[first, *rest]) if type(first) in COMPARISONS:
            yield "comparison", node, _with(node, ops=[COMPARISONS[type(first)](), *rest])
        case ast.BinOp(op=op, left=left, right=right) if type(op) in ARITHMETIC and not (_is_text(left) or _is_text(right)):
            yield "arithmetic", node, _with(node, op=ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            yield "and/or", node, _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "sign", node, f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool()):
            yield "truth", node, str(not node.value)
        case ast.Constant(value=int()):
            yield "number", node, f"({node.value + (1 if (node.lineno + node.col_offset) % 2 else -1)})"
        case ast.Constant(value=float()) if not 0 < node.value < NEXT_TO_NOTHING:
            yield "number", node, repr(2 * node.value or 1.0)
        case ast.If(test=test) | ast.While(test=test) | ast.comprehension(ifs=[test]) if not _negated_anyway(test):
            yield "condition", test, f"(not ({ast.unparse(test)}))"
        case ast.IfExp():
            yield "branch", node, _with(node, body=node.orelse, orelse=node.body)
        case ast.Call():
            yield from _changed_calls(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def _negated_anyway(test: ast.AST) -> bool:
    """Is the opposite of this condition among the other changes?"""
    return (
        isinstance(test, ast.UnaryOp)
        or isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn | ast.Is | ast.IsNot)
    )


def _changed_calls(node: ast.Call) -> Iterator[tuple[str, ast.AST, str]]:
    """A keyword argument left out; the first two arguments swapped."""
    name = ast.unparse(node.func).split(".")[-1]
    if name in SILENT or not SILENT.isdisjoint(ast.unparse(node.func).split(".")):
        return
    for place, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg not in BY_CHOICE:
            yield "keyword", node, _with(node, keywords=node.keywords[:place] + node.keywords[place + 1 :])
    first = node.args[:2]
    differ = len({ast.unparse(one) for one in first}) == 2
    if differ and name not in SYMMETRIC and not any(isinstance(one, ast.Starred) for one in first):
        yield "swap", node, _with(node, args=[node.args[1], node.args[0], *node.args[2:]])


def _with(node: ast.AST, **fields: object) -> str:
    """The node's text with other fields, in brackets."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return f"({ast.unparse(changed)})"
