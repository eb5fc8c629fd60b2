//! What the outputs of the gateway fixture remember: some fifty stored errors, and the few causes that are told.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use nbfix_fix::mend;
use nbfix_ipynb::{Notebook, Output};
use nbfix_lint::{Finding, RuleSet, Safety, lint};
use nbfix_rules::{all, find};
use nbfix_semantic::{Semantic, Sources};

fn gateway() -> Notebook {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Notebook::load(fs::read(root.join("fixtures/cloud/gateway.ipynb")).unwrap()).unwrap()
}

fn found(notebook: &Notebook, rules: &RuleSet) -> Vec<Finding> {
    let sources = Sources::parse(notebook, "gateway.ipynb");
    lint(&Semantic::new(notebook, &sources), rules).findings
}

fn only(names: &[&str]) -> RuleSet {
    RuleSet::new(names.iter().map(|name| find(name).unwrap()))
}

fn by_default() -> RuleSet {
    RuleSet::new(all().iter().filter(|rule| rule.default))
}

/// The cells, as people count, of the findings of one rule, and how many others each has taken in.
fn cells(findings: &[Finding], rule: &str) -> Vec<(usize, usize)> {
    let of_rule = findings.iter().filter(|it| it.rule.name == rule);
    of_rule
        .map(|it| (it.at.cell().unwrap().number(), it.joined.len()))
        .collect()
}

/// The cells that ended with an error.
fn stored(notebook: &Notebook) -> BTreeSet<usize> {
    let ids = notebook.ids().map(|(id, _)| id);
    let failed = ids.filter(|id| {
        let outputs = notebook.outputs(*id);
        outputs.iter().any(|it| matches!(it, Output::Error { .. }))
    });
    failed.map(|id| id.number()).collect()
}

/// Errors that no signature explains: a list of deployments none of which answers, a call with an argument that the notebook's
/// own function does not take, a server that the configuration does not name.
const UNEXPLAINED: [usize; 3] = [45, 49, 77];
/// Those of which no rule finds the cause either; `wrong-arguments` finds that of cell 49.
const UNTOLD: [usize; 2] = [45, 77];

#[test]
fn by_itself_the_rule_tells_each_cause_once() {
    let notebook = gateway();
    assert_eq!(stored(&notebook).len(), 54);
    let findings = found(&notebook, &only(&["recorded-error"]));
    let wanted = [
        (7, 7),  // packages
        (8, 5),  // no az
        (11, 1), // the MSAL cache
        (14, 0), // AZURE_SUBSCRIPTION_ID
        (15, 0), // RESOURCE_GROUP
        (17, 0), // no JSON from az
        (23, 0), // APIM_API_ID
        (24, 0), // az failed
        (29, 0), // the gateway's key
        (30, 0), // a deployment
        (31, 0), // the rate limit
        (33, 0), // headers
        (35, 0), // `client`, which nobody defines
        (36, 1), // no connection
        (37, 0), // asyncio.run
        (38, 0), // a prompt
        (40, 0), // Redis
        (48, 0), // another deployment
        (50, 0), // `image_prompts`, whose cell did not run
        (53, 1), // the firewall of Cosmos DB
        (58, 0), // SEARCH_ENDPOINT
        (59, 0), // the host of AI Search
        (64, 0), // LOG_ANALYTICS_WORKSPACE_ID
        (72, 0), // an MCP server
    ];
    assert_eq!(cells(&findings, "recorded-error"), wanted);
}

#[test]
fn beside_the_rules_that_find_the_causes_few_are_left() {
    let notebook = gateway();
    let findings = found(&notebook, &by_default());
    let alone: Vec<usize> = cells(&findings, "recorded-error")
        .into_iter()
        .map(|(cell, _)| cell)
        .collect();
    assert!(alone.len() <= 13, "{alone:?}");
    // The others are told by the findings that state their causes.
    for (cell, rule) in [
        (8, "subprocess-az"),
        (15, "unguarded-env"),
        (30, "hardcoded-model"),
        (35, "undefined-name"),
        (37, "asyncio-run"),
        (38, "interactive-prompt"),
        (49, "wrong-arguments"),
        (53, "raise-on-missing-service"),
        (76, "wrong-distribution"),
    ] {
        let cause = findings
            .iter()
            .filter(|it| it.rule.name == rule)
            .find(|it| {
                it.joined
                    .iter()
                    .any(|one| one.at.cell().unwrap().number() == cell)
            });
        let cause =
            cause.unwrap_or_else(|| panic!("`{rule}` does not tell the error of cell {cell}"));
        let raised = |text: &str| text.starts_with("this raised `") || text.contains("printed `");
        assert!(cause.labels.iter().any(|label| raised(&label.text)));
    }
}

#[test]
fn no_stored_error_is_passed_over() {
    let notebook = gateway();
    let choices = [
        (only(&["recorded-error"]), UNEXPLAINED.as_slice()),
        (by_default(), UNTOLD.as_slice()),
    ];
    for (rules, wanted) in choices {
        let findings = found(&notebook, &rules);
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for finding in &findings {
            let is_recorded = finding.rule.name == "recorded-error" || !finding.joined.is_empty();
            if !is_recorded {
                continue;
            }
            told.extend(finding.at.cell().map(|cell| cell.number()));
            for label in &finding.labels {
                told.insert(label.span.cell.number());
                let (_, others) = label
                    .text
                    .split_once(" follows from it")
                    .unwrap_or_default();
                let numbers = others.split(|c: char| !c.is_ascii_digit());
                told.extend(numbers.filter_map(|number| number.parse::<usize>().ok()));
            }
        }
        let missed: Vec<usize> = stored(&notebook).difference(&told).copied().collect();
        assert_eq!(missed, wanted);
    }
}

#[test]
fn the_errors_that_follow_are_listed_under_their_causes() {
    let findings = found(&gateway(), &only(&["cascade-error"]));
    let listed: Vec<(usize, usize)> = findings
        .iter()
        .map(|it| (it.at.cell().unwrap().number(), it.labels.len()))
        .collect();
    // With each its causes are labelled, and all that follow but the first; packages are one cause.
    let wanted = [(22, 11), (25, 1), (26, 2), (55, 2), (60, 2)];
    assert_eq!(listed, wanted);
}

#[test]
fn a_joined_error_does_not_stand_in_the_way_of_the_fix() {
    let rules = only(&[
        "asyncio-run",
        "recorded-error",
        "subprocess-az",
        "unguarded-env",
    ]);
    let mended = mend(gateway(), "gateway.ipynb", &rules, Safety::Unsafe);
    let refused: Vec<&str> = mended.refused.iter().map(|it| it.step.rule).collect();
    assert!(
        !refused.contains(&"asyncio-run") && !refused.contains(&"unguarded-env"),
        "{refused:?}"
    );
    let applied = |name: &str| mended.applied.iter().any(|step| step.rule == name);
    assert!(applied("asyncio-run") && applied("unguarded-env") && applied("subprocess-az"));
    // The output still shows the error; it belongs to a line that is gone.
    let recorded: Vec<&Finding> = mended
        .remaining
        .findings
        .iter()
        .filter(|it| it.at.cell().is_some_and(|cell| cell.number() == 37))
        .collect();
    assert!(
        matches!(recorded.as_slice(), [one] if one.message.ends_with("its output is out of date")),
        "{recorded:?}"
    );
}

/// One run without anybody at the screen: no package is installed, and nobody has defined two of the names.
fn headless_run() -> Notebook {
    let cell = |source: String, error: Option<(&str, String)>| {
        let outputs: Vec<serde_json::Value> = error
            .into_iter()
            .map(|(ename, evalue)| {
                let traceback = [format!("{ename}: {evalue}")];
                serde_json::json!({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback})
            })
            .collect();
        serde_json::json!({"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": [source]})
    };
    let mut cells = Vec::new();
    for index in 0..26 {
        let source = format!("import package_{index}\nclient_{index} = package_{index}.Client()");
        let error = format!("No module named 'package_{index}'");
        cells.push(cell(source, Some(("ModuleNotFoundError", error))));
        cells.push(cell("print('goes on')".to_owned(), None));
    }
    for index in 0..22 {
        let source = format!("answer_{index} = client_{index}.ask()");
        let error = format!("name 'client_{index}' is not defined");
        cells.push(cell(source, Some(("NameError", error))));
    }
    for name in ["stream_client", "minimal_prompt"] {
        let error = format!("name '{name}' is not defined");
        cells.push(cell(format!("print({name})"), Some(("NameError", error))));
    }
    let notebook =
        serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    Notebook::load(notebook.to_string().into_bytes()).unwrap()
}

#[test]
fn twenty_six_missing_packages_are_one_finding() {
    let notebook = headless_run();
    assert_eq!(stored(&notebook).len(), 50);
    let findings = found(&notebook, &only(&["recorded-error", "cascade-error"]));
    assert_eq!(
        cells(&findings, "recorded-error"),
        [(1, 25), (75, 0), (76, 0)]
    );
    // The first of the cells that follow from it.
    assert_eq!(cells(&findings, "cascade-error"), [(53, 0)]);
}
