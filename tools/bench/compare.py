#!/usr/bin/python3 -B
"""Shows what a change costs or saves: two builds of lbd-bench, run in turn, pair by pair.

  tools/bench/run compare OLD/lbd-bench NEW/lbd-bench --only '* tcp to *' --flows 1k,1M
  tools/bench/run compare A.json B.json

A and B are programs, or files with what `--save` of an earlier call wrote. Programs run alternately, each pair in
the other order than the one before, so that a machine whose speed drifts is fair to both. Every row is one case: what
A and B take as multiples of a MAC swap over the same mbufs (medians over all pairs), and B's nanoseconds over A's,
the median over pairs with the interval that holds the true median with at least 95 % probability, whatever the
distribution. "=": the interval holds 1, nothing is shown to have changed.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

FEWEST_PAIRS = 6  # of fewer no interval holds the median with 95 %


def interval(values):
    """The narrowest pair of order statistics around the median of at least 95 % (binomial); None of too few."""
    ordered, count = sorted(values), len(values)
    best = None
    for below in range(count // 2):
        outside = 2 * sum(math.comb(count, k) for k in range(below + 1)) / 2 ** count
        if outside <= 0.05:
            best = (ordered[below], ordered[count - 1 - below])
    return best


def run(program, options):
    done = subprocess.run([program, "--json", *options], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {program} ended with status {done.returncode}:\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def run_pairs(programs, options, pairs):
    """For each program its runs, in the order of pairs."""
    runs = ([], [])
    for pair in range(pairs):
        for which in ((0, 1), (1, 0))[pair % 2]:
            runs[which].append(run(programs[which], options))
        print(f"pair {pair + 1} of {pairs}", file=sys.stderr, flush=True)
    return runs


def load(path):
    try:
        runs = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"error: {path}: {error}")
    runs = runs if isinstance(runs, list) else [runs]
    if not runs or any(not isinstance(one, dict) or one.get("program") != "lbd-bench" for one in runs):
        sys.exit(f"error: {path}: holds no runs of lbd-bench (expected what --save, or lbd-bench --json, writes)")
    return runs


def by_case(document):
    return {(one["case"], one["flows"], one["ring"]): one for one in document["results"]}


def swaps_of(side):
    """What one side's runs of a case take as multiples of a MAC swap; nothing of a case without mbufs."""
    multiples = [one["over_mac_swap"]["median"] for one in side if "over_mac_swap" in one]
    return f"{statistics.median(multiples):.2f}" if multiples else ""


def show(runs):
    """Prints the table; the number of rows."""
    tables = [[by_case(one) for one in side] for side in runs]
    cases = [case for case in tables[0][0] if all(case in one for side in tables for one in side)]
    print(f"{'case':36} {'flows':>7} {'mbufs':>6} {'A x swap':>9} {'B x swap':>9} {'B : A':>7}  interval")
    for case in cases:
        sides = [[one[case] for one in side] for side in tables]
        swaps = [swaps_of(side) for side in sides]
        ratios = [b["ns"]["median"] / a["ns"]["median"] for a, b in zip(*sides)]
        known = interval(ratios)
        text = "too few pairs"
        if known:
            text = f"{known[0]:.2f} to {known[1]:.2f}" + ("  =" if known[0] <= 1 <= known[1] else "")
        print(f"{case[0]:36} {case[1]:7} {case[2] or '':6} {swaps[0]:>9} {swaps[1]:>9}"
              f" {statistics.median(ratios):7.2f}  {text}")
    return len(cases)


def main():
    parser = argparse.ArgumentParser(
        prog="tools/bench/run compare",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Further options go to lbd-bench, e.g. --only, --flows, --rounds, --no-huge.")
    parser.add_argument("a", metavar="A")
    parser.add_argument("b", metavar="B")
    parser.add_argument("--pairs", type=int, default=15, metavar="N", help="runs of each program (default: 15)")
    parser.add_argument("--save", nargs=2, metavar=("A.json", "B.json"), help="where to keep the runs")
    arguments, options = parser.parse_known_args()
    programs = [os.access(one, os.X_OK) and not one.endswith(".json") for one in (arguments.a, arguments.b)]
    if all(programs):
        if arguments.pairs < FEWEST_PAIRS:
            parser.error(f"--pairs: {arguments.pairs} (expected at least {FEWEST_PAIRS}: of fewer nothing can be said)")
        runs = run_pairs((arguments.a, arguments.b), options, arguments.pairs)
        for side, path in zip(runs, arguments.save or ()):
            Path(path).write_text(json.dumps(side))
    elif any(programs):
        parser.error("one of A and B is a program and the other is not (expected two programs or two files)")
    elif options or arguments.save:
        parser.error(f"{' '.join(options) or '--save'}: only with programs; these are files")
    else:
        runs = [load(one) for one in (arguments.a, arguments.b)]
        if len(runs[0]) != len(runs[1]):
            sys.exit(f"error: {arguments.a} has {len(runs[0])} runs and {arguments.b} has {len(runs[1])}: no pairs")
    if show(runs) == 0:
        sys.exit("error: no case is in all runs of both")


if __name__ == "__main__":
    main()
