//! Fixes that put in cells.
#![allow(clippy::unwrap_used, missing_docs)]

use nbfix_fix::{Mended, mend};
use nbfix_ipynb::{CellId, Notebook};
use nbfix_lint::{Check, Document, Findings, FixText, Group, Report, Rule, RuleSet, Safety};
use nbfix_semantic::Semantic;
use nbfix_text::{Edit, TextRange};

type Finds = for<'s, 'a> fn(&'s Semantic<'a>, &mut Findings<'_>);

const fn rule(name: &'static str, group: Group, check: Finds) -> Rule {
    Rule {
        name,
        summary: "",
        message: "found",
        messages: &[],
        help: None,
        group,
        default: true,
        documents: &[Document::Notebook, Document::Script],
        python_3_only: false,
        fix: Some(FixText {
            title: "Mend it",
            safety: Safety::Safe,
            caution: None,
        }),
        check: Check::Notebook(check),
        page: "",
    }
}

/// The places of a word, first of each cell only.
fn places(semantic: &Semantic, word: &str) -> Vec<(CellId, TextRange)> {
    let cells = semantic.notebook().ids();
    let found = cells.filter_map(|(id, cell)| {
        let start = cell.source.find(word)?;
        Some((id, TextRange::new(start, start + word.len())))
    });
    found.collect()
}

/// Wants `setup` to be defined in a cell before the one that reads `SETUP`, and spelt small.
static SETUP: Rule = rule("setup", Group::Fragile, |semantic, findings| {
    for (cell, range) in places(semantic, "SETUP") {
        findings.push(
            Report::at(cell, range)
                .edit(cell, Edit::replace(range, "setup"))
                .insert_cell(cell.index(), "setup = 1\n"),
        );
    }
});

/// Wants a cell at the place of another rule's cell.
static OTHER: Rule = rule("other", Group::Fragile, |semantic, findings| {
    let there = places(semantic, "other = 1");
    for (cell, range) in places(semantic, "print") {
        if there.is_empty() {
            findings.push(Report::at(cell, range).insert_cell(cell.index(), "other = 1"));
        }
    }
});

/// Finds every new cell of [`SETUP`] bad, and knows no fix.
static AGAINST: Rule = rule("against", Group::Broken, |semantic, findings| {
    for (cell, range) in places(semantic, "setup = 1") {
        findings.push(Report::at(cell, range));
    }
});

/// Takes what [`AGAINST`] minds to a new cell.
static MOVES: Rule = rule("moves", Group::Fragile, |semantic, findings| {
    for (cell, range) in places(semantic, "SETUP, \"setup = 1\"") {
        findings.push(
            Report::at(cell, range)
                .edit(cell, Edit::replace(range, "setup"))
                .insert_cell(cell.index(), "setup = 1\n"),
        );
    }
});

/// Minds nothing but the last cell, wherever it is.
static LAST: Rule = rule("last", Group::Broken, |semantic, findings| {
    for (cell, range) in places(semantic, "last") {
        findings.push(Report::at(cell, range));
    }
});

/// Puts in a cell that is no Python.
static BROKEN: Rule = rule("broken", Group::Broken, |semantic, findings| {
    for (cell, range) in places(semantic, "SETUP") {
        findings.push(
            Report::at(cell, range)
                .edit(cell, Edit::replace(range, "x"))
                .insert_cell(0, "def def"),
        );
    }
});

fn notebook(sources: &[&str]) -> Notebook {
    let cells: Vec<String> = sources
        .iter()
        .map(|source| {
            format!(
                "  {{\n   \"cell_type\": \"code\",\n   \"source\": [\n    {source:?}\n   ]\n  }}"
            )
        })
        .collect();
    let cells = cells.join(",\n");
    let file = format!(
        "{{\n \"cells\": [\n{cells}\n ],\n \"metadata\": {{\"language_info\": {{\"name\": \"python\"}}}},\n \
         \"nbformat\": 4,\n \"nbformat_minor\": 4\n}}\n"
    );
    Notebook::load(file.into_bytes()).unwrap()
}

fn mended(sources: &[&str], rules: &[&'static Rule]) -> Mended {
    let rules = RuleSet::new(rules.iter().copied());
    let mended = mend(notebook(sources), "a.ipynb", &rules, Safety::Safe);
    assert!(mended.remaining.crashes.is_empty());
    let again = Notebook::load(mended.notebook.bytes().to_vec()).unwrap();
    let again = mend(again, "a.ipynb", &rules, Safety::Safe);
    assert!(again.applied.is_empty(), "not at rest: {:?}", again.applied);
    mended
}

fn sources(mended: &Mended) -> Vec<&str> {
    let cells = mended.notebook.cells().iter();
    cells.map(|cell| cell.source.as_str()).collect()
}

fn whys(mended: &Mended) -> Vec<String> {
    let refused = mended.refused.iter();
    refused
        .map(|refusal| {
            format!(
                "{} in {:?}: {}",
                refusal.step.rule, refusal.step.cell, refusal.why
            )
        })
        .collect()
}

#[test]
fn a_cell_comes_and_a_name_goes() {
    let mended = mended(&["a", "print(SETUP)", "last"], &[&SETUP, &LAST]);
    assert_eq!(
        sources(&mended),
        ["a", "setup = 1\n", "print(setup)", "last"]
    );
    assert_eq!(mended.applied.len(), 1);
    assert_eq!(mended.applied[0].cell, Some(CellId(1)));
    assert!(mended.refused.is_empty() && mended.deferred.is_empty());
    assert_eq!(mended.remaining.findings[0].at.cell(), Some(CellId(3)));
}

#[test]
fn all_cells_that_move_are_known_again() {
    let mended = mended(
        &["last", "SETUP", "last", "SETUP", "last"],
        &[&SETUP, &LAST],
    );
    assert_eq!(
        sources(&mended),
        [
            "last",
            "setup = 1\n",
            "setup",
            "last",
            "setup = 1\n",
            "setup",
            "last"
        ]
    );
    let cells: Vec<_> = mended.applied.iter().map(|step| step.cell).collect();
    assert_eq!(cells, [Some(CellId(1)), Some(CellId(3))]);
}

#[test]
fn what_is_found_in_the_new_cell_counts() {
    let mended = mended(&["a", "print(SETUP)"], &[&SETUP, &AGAINST]);
    assert_eq!(sources(&mended), ["a", "print(SETUP)"]);
    assert!(mended.applied.is_empty());
    assert_eq!(
        whys(&mended),
        ["setup in Some(CellId(1)): `against` would newly be found in the new cell 2"]
    );
}

#[test]
fn a_new_cell_must_be_python() {
    let mended = mended(&["a", "print(SETUP)"], &[&BROKEN]);
    assert!(mended.applied.is_empty());
    assert_eq!(
        whys(&mended),
        ["broken in Some(CellId(1)): the new cell 1 would not be Python"]
    );
}

#[test]
fn different_cells_at_one_place_wait_for_each_other() {
    let mended = mended(&["a", "print(SETUP)"], &[&SETUP, &OTHER]);
    assert_eq!(
        sources(&mended),
        ["a", "other = 1", "setup = 1\n", "print(setup)"]
    );
    let steps: Vec<_> = mended
        .applied
        .iter()
        .map(|step| (step.rule, step.cell))
        .collect();
    assert_eq!(
        steps,
        [("other", Some(CellId(1))), ("setup", Some(CellId(2)))]
    );
}

#[test]
fn equal_cells_at_one_place_come_once() {
    static AGAIN: Rule = rule("again", Group::Fragile, |semantic, findings| {
        for (cell, range) in places(semantic, "AGAIN") {
            findings.push(
                Report::at(cell, range)
                    .edit(cell, Edit::replace(range, "setup"))
                    .insert_cell(cell.index(), "setup = 1\n"),
            );
        }
    });
    let mended = mended(&["f(SETUP, AGAIN)"], &[&SETUP, &AGAIN]);
    assert_eq!(sources(&mended), ["setup = 1\n", "f(setup, setup)"]);
    assert_eq!(mended.applied.len(), 2);
}

#[test]
fn a_refused_fix_is_told_once_though_its_cell_moves() {
    let mended = mended(&["a", "print(1)", "b(SETUP)"], &[&SETUP, &AGAINST, &OTHER]);
    assert_eq!(sources(&mended), ["a", "other = 1", "print(1)", "b(SETUP)"]);
    assert_eq!(whys(&mended).len(), 1);
}

#[test]
fn a_script_is_left_alone() {
    let script = Notebook::script(b"print(SETUP)\n".to_vec()).unwrap();
    let rules = RuleSet::new([&SETUP]);
    let mended = mend(script, "a.py", &rules, Safety::Safe);
    assert_eq!(sources(&mended), ["print(SETUP)\n"]);
    assert_eq!(
        whys(&mended),
        ["setup in Some(CellId(0)): a script has no place for a new cell"]
    );
}

#[test]
fn what_only_moves_has_not_newly_come() {
    let mended = mended(&["a", "print(SETUP, \"setup = 1\")"], &[&MOVES, &AGAINST]);
    assert_eq!(sources(&mended), ["a", "setup = 1\n", "print(setup)"]);
    assert!(whys(&mended).is_empty());
}
