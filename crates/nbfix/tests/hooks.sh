#!/usr/bin/env bash
# The hooks as users get them: pre-commit clones this repository at its last commit, builds nbfix, and runs it in a scratch
# repository. The first argument tells how: `rust` (cargo install, the default) or `wheel` (pip install). It takes a release
# build, so it is not part of the tests; `hooks.rs` tries the same definitions with the program that is there.
set -euo pipefail
how=${1:-rust}
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PRE_COMMIT_HOME=$work/cache NBFIX_STATE_DIR=$work/state
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.invalid GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.invalid
unset CARGO_TARGET_DIR

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pre-commit
PATH=$work/venv/bin:$PATH

case $how in rust) suffix= ;; wheel) suffix=-wheel ;; *) echo "rust or wheel?" >&2; exit 2 ;; esac
git clone --quiet --no-hardlinks "$root" "$work/nbfix"
mkdir "$work/project"
cd "$work/project"
git init --quiet
cat > .pre-commit-config.yaml <<YAML
repos:
  - repo: $work/nbfix
    rev: $(git -C "$work/nbfix" rev-parse HEAD)
    hooks:
      - id: nbfix-fix$suffix
      - id: nbfix-check$suffix
YAML
notebook() {
  python3 - "$@" <<'PY'
import json, sys
cell = lambda text: {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text.splitlines(True)}
book = {"cells": [cell(text) for text in sys.argv[1:]], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
json.dump(book, open("demo.ipynb", "w"), indent=1)
PY
}
notebook $'import asyncio\nasyncio.run(main())' \
  $'from openai import OpenAI\nclient = OpenAI()' \
  $'client.chat.completions.create(model="gpt-4.1-mini", messages=[])'
git add .
pre-commit install
echo "== a commit with findings"
before=$(git hash-object demo.ipynb)
if git commit -m "A notebook"; then echo "the commit was not stopped" >&2; exit 1; fi
if git rev-parse --quiet --verify HEAD; then echo "there is a commit" >&2; exit 1; fi
test "$(git hash-object demo.ipynb)" != "$before" || { echo "nothing was mended" >&2; exit 1; }
echo "== what the fix left in the work tree"
git --no-pager diff --stat
git --no-pager diff
echo "== without findings"
notebook 'x = 1' 'print(x)'
git add .
git commit -m "A notebook"
git --no-pager log --oneline
