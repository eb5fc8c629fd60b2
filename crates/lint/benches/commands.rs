//! What it costs to understand a notebook of 200 cells, and to look for the commands that it runs through its own functions.
//!
//! `cargo bench -p nbfix-lint --bench commands` prints the figures; the best of several rounds, as the others only tell what
//! else the machine had to do.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use nbfix_ipynb::Notebook;
use nbfix_lint::shell::Commands;
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};
use nbfix_semantic::{Semantic, Sources};

const ROUNDS: usize = 30;
const CELLS: usize = 200;

fn best(mut task: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        task();
        start.elapsed()
    };
    (0..ROUNDS).map(timed).min().unwrap_or_default()
}

/// Settings, wrappers, and cells that use them beside ordinary work.
fn notebook() -> Notebook {
    let mut cells: Vec<String> = vec![
        "import os, json, shlex, shutil, subprocess\nimport pandas as pd\nAZ = shutil.which('az') or 'az'\nGROUP = os.environ.get('GROUP', 'demo')".to_owned(),
        "def run(command, **more):\n    print('running', command)\n    done = subprocess.run(command, shell=True, **more)\n    if done.returncode:\n        raise RuntimeError(done.stderr)\n    return done.stdout\n\ndef az(*words, out='json'):\n    return json.loads(run(f'{AZ} ' + ' '.join(words) + f' -g {GROUP} -o {out}'))".to_owned(),
    ];
    for i in cells.len()..CELLS {
        let mut cell = String::new();
        writeln!(cell, "# Step {i}: load, clean, ask").unwrap();
        writeln!(cell, "frame{i} = pd.read_csv(f'data/{{GROUP}}_{i}.csv')").unwrap();
        writeln!(cell, "for name, rows in frame{i}.groupby('name'):\n    total = rows['value'].sum() + {i}\n    print(name, round(total, 2), len(rows))").unwrap();
        writeln!(cell, "def step{i}(values, limit={i}):\n    kept = [v for v in values if v > limit]\n    return dict(kept=kept, count=len(kept))").unwrap();
        writeln!(cell, "result{i} = step{i}(frame{i}['value'], limit=3)").unwrap();
        writeln!(
            cell,
            "account{i} = az('account', 'show', '--query', 'id{i}')"
        )
        .unwrap();
        cells.push(cell);
    }
    Notebook::of_code(&cells).unwrap()
}

struct Nodes<'a>(Vec<AnyNodeRef<'a>>);

impl<'a> SourceOrderVisitor<'a> for Nodes<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.0.push(node);
        TraversalSignal::Traverse
    }
}

fn main() {
    let notebook = notebook();
    let sources = Sources::parse(&notebook, "bench.ipynb");
    let parse = best(|| {
        black_box(Sources::parse(&notebook, "bench.ipynb"));
    });
    println!("parse {CELLS} cells: {parse:?}");
    let model = best(|| {
        black_box(Semantic::new(&notebook, &sources));
    });
    println!("names of {CELLS} cells: {model:?}");
    let semantic = Semantic::new(&notebook, &sources);
    let config = best(|| {
        black_box(semantic.configuration_cell());
    });
    println!("configuration cell: {config:?}");
    let mut found = 0;
    let look = best(|| {
        let commands = Commands::new(&semantic);
        found = 0;
        for unit in semantic.units() {
            let mut nodes = Nodes(Vec::new());
            nodes.visit_body(unit.module.body());
            for node in nodes.0 {
                found += commands.of(unit, node).len();
            }
        }
    });
    println!("commands of all nodes: {look:?}, {found} found");
}
