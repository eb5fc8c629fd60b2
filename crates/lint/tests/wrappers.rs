//! Commands that the notebook's own functions run: bounded work, whatever the functions do.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use nbfix_ipynb::Notebook;
use nbfix_lint::shell::Commands;
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};
use nbfix_semantic::{Semantic, Sources};

fn notebook(cells: &[&str]) -> Notebook {
    Notebook::of_code(cells).unwrap()
}

struct Nodes<'a>(Vec<AnyNodeRef<'a>>);

impl<'a> SourceOrderVisitor<'a> for Nodes<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.0.push(node);
        TraversalSignal::Traverse
    }
}

/// The commands of the last cell: their words, and how many functions they go through.
fn commands(cells: &[&str]) -> Vec<(String, usize)> {
    let notebook = notebook(cells);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let commands = Commands::new(&semantic);
    let unit = semantic.units().last().unwrap();
    let mut nodes = Nodes(Vec::new());
    nodes.visit_body(unit.module.body());
    let lines = nodes.0.into_iter().flat_map(|node| commands.of(unit, node));
    lines
        .map(|line| {
            let words: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
            (words.join(" "), line.through.len())
        })
        .collect()
}

#[test]
fn the_way_to_a_command_is_told() {
    let head = "import subprocess\ndef run(cmd):\n    return subprocess.run(cmd, shell=True)\n\
                def tool(verb, *rest, out='json'):\n    return run(f'tool {verb} ' + ' '.join(rest) + f' -o {out}')\n\
                def twice(x):\n    tool(x)\n    tool('clear', x)";
    let told = |text: &str, through| (text.to_owned(), through);
    assert_eq!(commands(&[head, "run('ls -l')"]), [told("ls -l", 1)]);
    assert_eq!(
        commands(&[head, "tool('show', 'a', b, out='tsv')"]),
        [told("tool show a {b} -o tsv", 2)]
    );
    assert_eq!(
        commands(&[head, "twice('x')"]),
        [told("tool x -o json", 3), told("tool clear x -o json", 3)]
    );
    assert_eq!(commands(&[head, "run(unknown)\nother('ls')"]).len(), 0);
}

#[test]
fn what_a_function_runs_in_any_case_is_its_own() {
    let head = "import subprocess\ndef tool(program, verb):\n    subprocess.run([program, 'login'])\n    subprocess.run([program, verb])";
    let notebook = notebook(&[head, "tool('az', 'show')"]);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let commands = Commands::new(&semantic);
    let unit = semantic.units().last().unwrap();
    let mut nodes = Nodes(Vec::new());
    nodes.visit_body(unit.module.body());
    let lines: Vec<_> = nodes
        .0
        .into_iter()
        .flat_map(|node| commands.of(unit, node))
        .collect();
    let fixed: Vec<bool> = lines.iter().map(|line| line.fixed).collect();
    assert_eq!(fixed, [true, false]);
}

#[test]
fn functions_that_call_each_other_end() {
    let mut wide = "import subprocess\n".to_owned();
    for i in 0..60 {
        writeln!(wide, "def f{i}(x):").unwrap();
        for j in 0..20 {
            writeln!(wide, "    f{}(x + x + '{j}')", (i + j) % 60).unwrap();
        }
        writeln!(wide, "    subprocess.run(x + ' {i}', shell=True)").unwrap();
    }
    let calls = "f0('ls ')\n".repeat(20);
    let start = Instant::now();
    commands(&[&wide, &calls]);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    let own = "import subprocess\ndef f(x, n=3):\n    subprocess.run(['tool', x])\n    return f(x, n - 1)";
    assert_eq!(
        commands(&[own, "f('a')"])
            .first()
            .map(|line| line.0.as_str()),
        Some("tool a")
    );
}
