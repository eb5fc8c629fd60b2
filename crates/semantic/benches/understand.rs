//! What it takes to understand a notebook of 200 cells, beyond parsing it.
//!
//! `cargo bench -p nbfix-semantic --bench understand` prints the best of several rounds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use nbfix_ipynb::Notebook;
use nbfix_semantic::{Semantic, Sources};

const ROUNDS: usize = 50;
const CELLS: usize = 200;

fn best(mut task: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        task();
        start.elapsed()
    };
    (0..ROUNDS).map(timed).min().unwrap_or_default()
}

/// A cell as one meets it: imports, set-up, functions, calls of them, conditions, loops, handlers.
fn cell(index: usize) -> String {
    match index % 8 {
        0 => format!(
            "import os, json\nfrom lib{index} import Client{index}, helper{index} as h{index}\nNAME_{index} = os.environ.get('NAME_{index}', 'x')\n"
        ),
        1 => format!(
            "def load_{index}(path, *, limit=10):\n    rows = []\n    with open(path) as handle:\n        for line in handle:\n            row = json.loads(line)\n            if row.get('skip'):\n                continue\n            rows.append(row)\n    return rows[:limit]\n"
        ),
        2 => format!(
            "rows_{index} = load_{}('data.json', limit=3)\nprint(len(rows_{index}))\n",
            index - 1
        ),
        3 => format!(
            "try:\n    client_{index} = Client{}(NAME_{})\n    ready_{index} = True\nexcept Exception as exc:\n    print(exc)\n    client_{index} = None\n    ready_{index} = False\n",
            index - 3,
            index - 3
        ),
        4 => format!(
            "def score_{index}(rows):\n    total = 0\n    for row in rows:\n        total += sum(v for v in row.values() if v) * WEIGHT_{index}\n    return total / max(len(rows), 1)\nWEIGHT_{index} = 3\n"
        ),
        5 => format!(
            "if ready_{}:\n    answer_{index} = client_{}.ask('question')\n    shown_{index} = [a for a in answer_{index} if a]\nelse:\n    shown_{index} = []\nscore_{}(rows_{})\n",
            index - 2,
            index - 2,
            index - 1,
            index - 3
        ),
        6 => format!(
            "import pandas as pd, matplotlib.pyplot as plt\nframe_{index} = pd.DataFrame(rows_{})\nframe_{index}['x'] = frame_{index}['x'].apply(lambda v: v + WEIGHT_{})\nfig, ax = plt.subplots()\nax.plot(frame_{index}['x'])\n",
            index - 4,
            index - 2
        ),
        _ => format!(
            "class Report{index}:\n    def __init__(self, rows):\n        self.rows = rows\n    def show(self):\n        for row in self.rows:\n            print(json.dumps(row))\nReport{index}(rows_{}).show()\n",
            index - 5
        ),
    }
}

fn main() {
    let cells: Vec<_> = (0..CELLS)
        .map(|index| {
            serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": cell(index)})
        })
        .collect();
    let json =
        serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    let notebook = Notebook::load(json.to_string().into_bytes()).unwrap();
    let sources = Sources::parse(&notebook, "a.ipynb");
    let parse = best(|| drop(black_box(Sources::parse(&notebook, "a.ipynb"))));
    let bind = best(|| drop(black_box(Semantic::new(&notebook, &sources))));
    let walk = best(|| {
        let semantic = Semantic::new(&notebook, &sources);
        black_box(semantic.flow().unbound.len());
    });
    let semantic = Semantic::new(&notebook, &sources);
    let flow = semantic.flow();
    println!(
        "{CELLS} cells, {} bytes of code",
        (0..CELLS).map(|index| cell(index).len()).sum::<usize>()
    );
    println!("parse       {parse:>10.1?}");
    println!("bind        {bind:>10.1?}");
    println!(
        "bind + flow {walk:>10.1?}   ({} unbound, {} bad calls)",
        flow.unbound.len(),
        flow.bad_calls.len()
    );
}
