//! What names mean, across cells and scopes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use nbfix_ipynb::Notebook;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic, Sources};

/// A notebook of these cells.
fn notebook(cells: &[&str]) -> Notebook {
    Notebook::of_code(cells).unwrap()
}

struct Calls<'a>(Vec<&'a Expr>);

impl<'a> SourceOrderVisitor<'a> for Calls<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprCall(call) = node {
            self.0.push(&call.func);
        }
        TraversalSignal::Traverse
    }
}

/// The dotted path of every called name, in order; `?` where nothing can be told.
fn called(cells: &[&str]) -> Vec<String> {
    let notebook = notebook(cells);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let mut paths = Vec::new();
    for unit in semantic.units() {
        let mut calls = Calls(Vec::new());
        calls.visit_body(unit.module.body());
        let path = |func: &&Expr| {
            semantic
                .qualified(unit, *func)
                .unwrap_or_else(|| "?".to_owned())
        };
        paths.extend(calls.0.iter().map(path));
    }
    paths
}

#[test]
fn imports_reach_later_cells_under_any_alias() {
    assert_eq!(
        called(&["import subprocess as sp", "sp.run()"]),
        ["subprocess.run"]
    );
    assert_eq!(
        called(&["from subprocess import run as go", "go()"]),
        ["subprocess.run"]
    );
    assert_eq!(
        called(&["import azure.cosmos", "azure.cosmos.CosmosClient()"]),
        ["azure.cosmos.CosmosClient"]
    );
    assert_eq!(called(&["from . import x", "x.f()"]), [".x.f"]);
}

#[test]
fn attributes_of_self_mean_what_the_class_sets() {
    let class = "import subprocess as sp\nclass A:\n    def __init__(self):\n        self.run = sp.run\n        self.two = 1\n    def f(self):\n        self.run()\n        self.other()\n    def g(self):\n        self.two = 2\n        self.two.x()";
    assert_eq!(called(&[class]), ["subprocess.run", "?", "?"]);
}

#[test]
fn one_star_import_brings_the_names_that_nobody_binds() {
    assert_eq!(
        called(&["from subprocess import *", "run()", "os.x()", "print()"]),
        ["subprocess.run", "os.x", "print"]
    );
    assert_eq!(
        called(&["from a import *\nfrom b import *", "run()"]),
        ["run"],
        "two could bring it"
    );
}

#[test]
fn a_name_that_nobody_binds_means_itself() {
    assert_eq!(called(&["subprocess.run()"]), ["subprocess.run"]);
}

#[test]
fn rebinding_hides_the_import_from_there_on() {
    assert_eq!(
        called(&["import os", "os.a()", "os = object()", "os.b()"]),
        ["os.a", "object", "?"]
    );
}

#[test]
fn a_handler_that_empties_a_name_does_not_hide_what_it_means() {
    let cell = "try:\n    import redis\n    client = redis.Redis()\nexcept Exception:\n    redis = client = None";
    assert_eq!(
        called(&[cell, "redis.Redis()"]),
        ["redis.Redis", "redis.Redis"]
    );
}

#[test]
fn plain_aliases_are_followed() {
    assert_eq!(
        called(&["import subprocess", "run = subprocess.run", "run()"]),
        ["subprocess.run"]
    );
    assert_eq!(
        called(&["x = x", "x()"]),
        ["?"],
        "a name bound to itself ends"
    );
}

#[test]
fn parameters_and_locals_shadow() {
    let cell = "import os\ndef f(os):\n    os.a()\ndef g():\n    os.b()\ndef h():\n    import sys as os\n    os.c()\n[os.d() for os in y]";
    assert_eq!(called(&[cell]), ["?", "os.b", "sys.c", "?"]);
}

#[test]
fn a_function_sees_what_is_imported_later() {
    assert_eq!(
        called(&["def f():\n    sp.run()", "import subprocess as sp"]),
        ["subprocess.run"]
    );
}

#[test]
fn class_names_are_not_seen_from_methods() {
    assert_eq!(
        called(&["import os\nclass A:\n    os = 1\n    def f(self):\n        os.a()"]),
        ["os.a"]
    );
}

#[test]
fn files_in_cells_have_names_of_their_own() {
    let notebook = notebook(&[
        "import os",
        "%%writefile app.py\nos.a()",
        "%%writefile -a app.py\nimport sys as os",
    ]);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let kinds: Vec<_> = semantic
        .programs()
        .map(|(_, program)| (program.kind, program.file_name()))
        .collect();
    assert_eq!(
        kinds,
        [
            (ProgramKind::Notebook, "a.ipynb"),
            (ProgramKind::CellFile, "app.py")
        ]
    );
    assert_eq!(semantic.bindings(ProgramId::DOCUMENT, "os").len(), 1);
    assert_eq!(semantic.units().len(), 3);
}

#[test]
fn clients_are_known_by_what_made_them() {
    let notebook = notebook(&[
        "from azure.cosmos import CosmosClient\nclient = CosmosClient(1)\ndb = client.get_database_client('a')",
        "with CosmosClient(2) as other:\n    pass\nother",
        "db",
    ]);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    for cell in [1, 2] {
        let unit = &semantic.units()[cell];
        let Some(Stmt::Expr(last)) = unit.module.body().last() else {
            panic!("no expression")
        };
        assert_eq!(
            semantic.made_by(unit, &last.value).as_deref(),
            Some("azure.cosmos.CosmosClient")
        );
    }
}

#[test]
fn factories_of_the_notebook_are_looked_through() {
    let notebook = notebook(&[
        "from azure.cosmos import CosmosClient\ndef connect(url):\n    if not url:\n        return None\n    made = CosmosClient(url)\n    return made",
        "def again():\n    return connect('x')\nclient = again()\nclient",
        "def either(a):\n    if a:\n        return CosmosClient(1)\n    return a\neither(2)",
    ]);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let made = |cell: usize| {
        let unit = &semantic.units()[cell];
        let Some(Stmt::Expr(last)) = unit.module.body().last() else {
            panic!("no expression")
        };
        semantic.made_by(unit, &last.value)
    };
    assert_eq!(made(1).as_deref(), Some("azure.cosmos.CosmosClient"));
    assert_eq!(made(2), None, "it may be something else");
}

#[test]
fn constants_flow_and_bound_names_are_listed_in_order() {
    let notebook = notebook(&[
        "MODEL = 'gpt-4'\nb = MODEL",
        "b",
        "try:\n    x = 1\nexcept E as e:\n    y = 2\nx, (z, *w) = v\nimport q",
    ]);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let unit = &semantic.units()[1];
    let Some(Stmt::Expr(last)) = unit.module.body().last() else {
        panic!("no expression")
    };
    assert_eq!(semantic.string(unit, &last.value), Some("gpt-4"));
    let unit = &semantic.units()[2];
    let whole = unit
        .module
        .body()
        .iter()
        .map(range)
        .reduce(|a, b| a.cover(b))
        .unwrap();
    assert_eq!(
        semantic.bound_within(unit, whole),
        ["x", "y", "z", "w", "q"]
    );
}

#[test]
fn other_languages_are_left_alone() {
    let json = r#"{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": "x <- 1"}],
        "metadata": {"kernelspec": {"name": "ir", "language": "R"}}, "nbformat": 4, "nbformat_minor": 4}"#;
    let notebook = Notebook::load(json.as_bytes().to_vec()).unwrap();
    let sources = Sources::parse(&notebook, "a.ipynb");
    assert!(Semantic::new(&notebook, &sources).units().is_empty());
}
