"""Generated networks of 2 to 128 plants that meet in 21 rows: decomposition against the whole in one solver.

Every contender starts from the network in arrays. The monoliths get the whole, HiGHS in the strong formulation that the
blocks are solved in and in the plain one, SCIP in the strong one where it says something by its total. Compared are
processor seconds to a gap (:mod:`benchmarks.instances.network_races` says which), as machines that measure are loaded.
"""

from __future__ import annotations

from benchmarks.instances.network_races import check, decomposed, monolith, prepare
from benchmarks.subject import Case, Phase, Subject, Target

_OURS, _STRONG, _PLAIN, _SCIP = "concordat", "highs", "highs, plain", "scip"
_DRAWS = range(5)
_LIMITS = {2: (0.01, 12.0), 8: (0.01, 15.0), 32: (0.001, 40.0), 128: (0.01, 40.0)}
"""Gap and seconds by number of plants."""


def _case(plants: int, draw: int) -> Case:
    gap, seconds = _LIMITS[plants]
    others = (_SCIP,) if draw == 0 and plants <= 8 else ()
    return Case(
        name=f"{plants} plants, draw {draw}",
        phase=Phase.SOLVE,
        suites=frozenset({"coordination"}),
        parameters={"plants": plants, "draw": draw, "gap": gap},
        time_limit=seconds,
        contenders=(_OURS, _STRONG, _PLAIN, *others),
    )


_TINY = Case(
    name="tiny",
    phase=Phase.SOLVE,
    suites=frozenset({"smoke"}),
    parameters={"plants": 3, "items": 2, "periods": 4, "materials": 1, "draw": 0, "gap": 0.01},
    time_limit=2.0,
    contenders=(_OURS, _STRONG),
)


def _ratio(case: Case, peer: str, figure: str, at_most: float, words: str, against_figure: str | None = None) -> Target:
    return Target(
        text=f"{case.name}: {words}",
        case=case.name,
        contender=_OURS,
        figure=figure,
        against=peer,
        against_figure=against_figure,
        at_most=at_most,
    )


def _targets(case: Case) -> tuple[Target, ...]:
    plants = int(case.parameters["plants"])
    made = [
        _ratio(case, peer, "one_percent_cpu_s", 1.2, f"1 % in at most 1.2 times the CPU of {peer}")
        for peer in (_STRONG, _PLAIN)
    ]
    if plants == 32:
        made += [
            _ratio(case, peer, "thousandth_cpu_s", 0.5, f"0.1 % in at most half the CPU of {peer}")
            for peer in (_STRONG, _PLAIN)
        ]
    if plants == 128:
        made += [
            _ratio(case, peer, "one_percent_cpu_s", 1.0, f"1 % while {peer} stands above 20 %", "fifth_cpu_s")
            for peer in (_STRONG, _PLAIN)
        ]
    return tuple(made)


_RACES = tuple(_case(plants, draw) for plants in _LIMITS for draw in _DRAWS)

SUBJECT = Subject(
    name="coordination_networks",
    title="Generated networks of plants: by blocks, and as a whole",
    cases=(_TINY, *_RACES),
    prepare=prepare,
    contenders=(
        decomposed(_OURS),
        monolith(_STRONG, "highs", "strong"),
        monolith(_PLAIN, "highs", "plain"),
        monolith(_SCIP, "scip", "strong"),
    ),
    peer=_STRONG,
    check=check,
    targets=tuple(target for case in _RACES for target in _targets(case)),
)
