"""Shows what patterns cost: the same notebooks under 10, 50, 100 and 200 pattern rules.

usage: patterns.py NBFIX FOLDER        (made by `just bench-patterns`)

The rules are made up: calls, keyword arguments, statements and strings of many libraries. Some match, most do not, as
with real rules. Time is the median of several runs; the column "a rule" is what one more rule costs for one notebook.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
FORMS = [
    '"lib{n}.call{n}($$$args)"',
    '"lib{n}.Client(key=$key, ...)"',
    '"$client.method{n}($first, ...)"',
    '"if not $x:\\n    raise Error{n}($$$args)"',
    '"$name = lib{n}.make($$$args)"',
    '"print(\\"prefix{n}-$text\\")"',
    '"with lib{n}.open($path) as $file:\\n    ..."',
    '"requests.get($url, option{n}=$value, ...)"',
]
PAGE = '''summary = "A rule of the bench"
message = "found"
group   = "fragile"
why     = "It is there to be counted."

[match]
pattern = {pattern}

[[example]]
name   = "flagged"
before = "x"

[[example]]
name  = "clean"
clean = "x"
'''


def median(command):
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    nbfix, folder = sys.argv[1], sys.argv[2]
    notebooks = sum(1 for _ in pathlib.Path(folder).rglob("*.ipynb"))
    base = None
    print(f"{notebooks} notebooks, median of {ROUNDS} runs\n")
    print(f"{'rules':>6} {'seconds':>9} {'x 10 rules':>11} {'a rule, us/notebook':>20}")
    for count in (10, 50, 100, 200):
        with tempfile.TemporaryDirectory() as rules:
            names = []
            for n in range(count):
                name = f"bench-rule-{n}"
                pattern = FORMS[n % len(FORMS)].replace("{n}", str(n))
                (pathlib.Path(rules) / f"{name}.toml").write_text(PAGE.replace("{pattern}", pattern))
                names.append(name)
            options = ["--isolated", "--rules", rules, "--select", ",".join(names), "--exit-zero", "--quiet"]
            seconds = median([nbfix, "check", *options, "--output-format", "concise", folder])
        base = base or (count, seconds)
        each = (seconds - base[1]) / max(1, count - base[0]) / max(1, notebooks) * 1e6
        print(f"{count:>6} {seconds:>9.3f} {seconds / base[1]:>11.2f} {each:>20.3f}")


main()
