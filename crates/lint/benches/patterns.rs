//! What patterns cost: 10, 50 and 200 of them over generated cells, and what it takes to make rules of pages.
//!
//! `cargo bench -p nbfix-lint --bench patterns` prints the figures; the best of several rounds, as the others only
//! tell what else the machine had to do.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use nbfix_ipynb::Notebook;
use nbfix_lint::{PatternCheck, Rule, RuleSet, lint};
use nbfix_semantic::{Semantic, Sources};

const ROUNDS: usize = 15;

fn best(mut task: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        task();
        start.elapsed()
    };
    (0..ROUNDS).map(timed).min().unwrap_or_default()
}

/// The `[match]` and `[fix]` of the rule at this position: calls, methods, keywords, statements, commands, texts.
fn engine(index: usize) -> String {
    let (matches, replace) = match index % 8 {
        0 => (
            format!("pattern = 'lib{index}.call{index}($$$args)'"),
            "new($$$args)",
        ),
        1 => (
            format!("pattern = '$client.method{index}(model=$x, ...)'"),
            "$client.other($x)",
        ),
        2 => (
            format!("pattern = \"$x = lib{index}.make('$name')\""),
            "$x = make('$name')",
        ),
        3 => (
            format!("pattern = 'from lib{index} import $x'"),
            "from other import $x",
        ),
        4 => (
            format!("pattern = '$f($x, ...)'\nwhere.f.resolves = ['lib{index}.a', 'lib{index}.b']"),
            "g($x)",
        ),
        5 => (format!("shell = 'tool{index} run $x $$$rest'"), "!new $x"),
        6 => (
            format!("pattern = 'lib{index}.Thing($x)'\ninside = \"with $_ as $_:\\n    ...\""),
            "t($x)",
        ),
        _ => (
            format!("pattern = \"except Error{index}:\\n    $x()\""),
            "pass",
        ),
    };
    format!("[match]\n{matches}\n[fix]\ntitle = 't'\nsafety = 'safe'\nreplace = \"{replace}\"\n")
}

fn page(index: usize) -> String {
    format!(
        "summary = 's'\nmessage = 'm'\ngroup = 'broken'\nwhy = 'w'\n{}\
         [[example]]\nname = 'a'\nbefore = 'x'\nafter = 'y'\n[[example]]\nname = 'b'\nclean = 'z'\n",
        engine(index)
    )
}

/// A notebook of `cells` cells of some forty lines, as people write them; a few of the patterns find something.
fn notebook(cells: usize) -> Vec<u8> {
    let mut list = Vec::new();
    for cell in 0..cells {
        let mut source = String::from("import pandas as pd\nimport numpy as np\n");
        for line in 0..8 {
            let _ = writeln!(
                source,
                "df{line} = pd.read_csv('data/{cell}-{line}.csv', sep=';')\n\
                 df{line}['x'] = df{line}['a'].map(lambda v: np.log(v + {line}) * 2)\n\
                 result = df{line}.groupby('k').agg({{'x': 'mean', 'a': ['min', 'max']}})\n\
                 for name, row in result.iterrows():\n    print(f'{{name}}: {{row.x:.2f}}', end=' ')\n\
                 client.chat.completions.create(model='gpt-4o', messages=[{{'role': 'user', 'content': str(result)}}])"
            );
        }
        let _ = writeln!(
            source,
            "import lib0\nlib0.call0({cell})\nclient.method1(model='a')"
        );
        list.push(serde_json::json!({"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": null}));
    }
    serde_json::json!({"cells": list, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
        .to_string()
        .into_bytes()
}

fn main() {
    let notebook = Notebook::load(notebook(60)).unwrap();
    let kilobytes: usize = notebook
        .cells()
        .iter()
        .map(|cell| cell.source.len())
        .sum::<usize>()
        / 1000;
    let parse = best(|| drop(black_box(Sources::parse(&notebook, "a.ipynb"))));
    let sources = Sources::parse(&notebook, "a.ipynb");
    let names = best(|| drop(black_box(Semantic::new(&notebook, &sources))));
    let semantic = Semantic::new(&notebook, &sources);
    println!("60 cells, {kilobytes} kB: parsed in {parse:?}, names in {names:?}");
    for count in [10, 50, 200] {
        let rules: Vec<&'static Rule> = (0..count)
            .map(|index| {
                let rule = Rule::from_page(&format!("rule-{index}"), &page(index)).unwrap();
                &*Box::leak(Box::new(rule))
            })
            .collect();
        let build = best(|| drop(black_box(RuleSet::new(rules.iter().copied()))));
        let set = RuleSet::new(rules.iter().copied());
        let found = lint(&semantic, &set).findings.len();
        let time = best(|| drop(black_box(lint(&semantic, &set))));
        println!(
            "{count:4} patterns: rule set made in {build:?}; linted in {time:?}, {found} findings"
        );
    }
    let text = engine(0);
    let one = best(|| {
        for _ in 0..100 {
            drop(black_box(PatternCheck::build(&text)));
        }
    });
    println!("one page: {:?}", one / 100);
}
