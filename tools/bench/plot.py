#!/usr/bin/python3 -B
"""Draws ns per packet over the number of connections as SVG, from what lbd-bench --json wrote.

  tools/bench/run --json --flows 1,1k,10k,100k,1M --only '*tcp*' > figures.json
  tools/bench/run plot figures.json > figures.svg

A line a case, over the ring of 1,024 mbufs, with the baselines beside it; bars are the quartiles. gnuplot draws.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

RING = 1024
CASES = [("dr tcp to server", "DR"), ("tunnel tcp to server", "tunnel"), ("nat tcp mean", "NAT, mean of both directions")]


def point(flows, ns):
    return f"{flows} {ns['median']:.2f} {ns['lower_quartile']:.2f} {ns['upper_quartile']:.2f}"


def series(figures):
    """(title, points) of each line that there are figures for."""
    for case, title in CASES:
        yield title, [point(one["flows"], one["ns"]) for one in figures["results"]
                      if one["case"] == case and one["ring"] == RING]
    yield "rte_hash's bulk lookup alone", [point(one["flows"], one["ns"]) for one in figures["baselines"]
                                           if one["case"] == "rte_hash lookup"]
    flows = sorted({one["flows"] for one in figures["results"] if one["case"] == CASES[0][0]})
    for one in figures["baselines"]:
        if one["case"] == "MAC swap" and one["ring"] == RING:
            yield "MAC swap", [point(count, one["ns"]) for count in flows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=Path)
    figures = json.loads(parser.parse_args().figures.read_text())
    lines = [(title, points) for title, points in series(figures) if points]
    if not lines:
        sys.exit(f"error: no case of {', '.join(case for case, _ in CASES)} over {RING} mbufs in the file")
    script = ["set terminal svg noenhanced size 760,460 font 'sans,13' background 'white'", "set logscale x", "set format x '%.0s%c'",
              "set xlabel 'connections'", "set ylabel 'ns a packet'", "set yrange [0:*]", "set xrange [0.7:*]",
              "set key top left", "set grid ytics lc '#dddddd'",
              f"set title \"{figures['cpu_model']}, {figures['pages']}, bursts of {figures['burst']}\""]
    for number, (_, points) in enumerate(lines):
        script += [f"$data{number} << END", *points, "END"]
    script.append("plot " + ", ".join(f"$data{number} with yerrorlines title \"{title}\" pt 7 ps 0.6 lw 1.5"
                                      for number, (title, _) in enumerate(lines)))
    try:
        drawn = subprocess.run(["gnuplot"], input="\n".join(script) + "\n", capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit("error: there is no gnuplot; apt-get install gnuplot-nox")
    if drawn.returncode != 0:
        sys.exit(f"error: gnuplot: {drawn.stderr}")
    print(drawn.stdout, end="")


if __name__ == "__main__":
    main()
