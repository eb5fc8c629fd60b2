//! The configuration, and what outweighs it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{FLAGGED, Folder, Ran, notebook};

/// A cell that `hardcoded-model` flags.
const MODEL: &str = "client.responses.create(model=\"gpt-4.1-mini\", input=\"x\")";

fn project(config: &str) -> Folder {
    let folder = Folder::new();
    folder
        .write("nbfix.toml", config)
        .write("a.ipynb", notebook(&[FLAGGED, MODEL]))
        .write("drafts/b.ipynb", notebook(&[FLAGGED, MODEL]));
    folder
}

const CONCISE: &str = "check -q --ignore undefined-name --output-format concise";

/// `FILE RULE` of each finding.
fn found(ran: &Ran) -> Vec<String> {
    let line = |line: &str| {
        let file = line.split(':').next().unwrap();
        let rule = line.split(['[', ']']).nth(1).unwrap();
        format!("{file} {rule}")
    };
    ran.out().lines().map(line).collect()
}

#[test]
fn rules_are_selected_and_ignored() {
    let folder = project("select = ['ALL']\nignore = ['fragile']\nextend-exclude = ['drafts/']");
    assert_eq!(found(&folder.nbfix(CONCISE)), ["a.ipynb asyncio-run"]);
    let stronger = folder.nbfix(&format!("{CONCISE} --select hardcoded-model"));
    assert_eq!(found(&stronger), ["a.ipynb hardcoded-model"]);
    let isolated = folder.nbfix(&format!("{CONCISE} --isolated"));
    assert_eq!(found(&isolated).len(), 4, "{isolated}");
}

#[test]
fn the_nearest_file_counts_and_others_only_if_it_extends_them() {
    let folder = project("ignore = ['asyncio-run']");
    folder.write("drafts/nbfix.toml", "ignore = ['hardcoded-model']");
    let all = ["a.ipynb hardcoded-model", "drafts/b.ipynb asyncio-run"];
    assert_eq!(found(&folder.nbfix(CONCISE)), all);
    folder.write(
        "drafts/nbfix.toml",
        "extend = '../nbfix.toml'\n[levels]\nhardcoded-model = 'off'",
    );
    assert_eq!(found(&folder.nbfix(CONCISE)), &all[..1]);
    folder.write("nbfix.toml", "extend = 'drafts/nbfix.toml'");
    let circle = folder.nbfix(CONCISE);
    assert_eq!(circle.code, Some(2));
    assert!(circle.err.contains("in a circle"), "{circle}");
}

#[test]
fn pyproject_serves_as_well() {
    let folder = project("");
    folder
        .write("pyproject.toml", "[tool.nbfix]\nignore = ['broken']")
        .write("drafts/pyproject.toml", "[project]\nname = 'x'");
    let all = folder.nbfix(CONCISE);
    assert_eq!(
        found(&all).len(),
        4,
        "nbfix.toml of the same folder counts: {all}"
    );
    std::fs::remove_file(folder.path("nbfix.toml")).unwrap();
    let all = ["a.ipynb hardcoded-model", "drafts/b.ipynb hardcoded-model"];
    assert_eq!(found(&folder.nbfix(CONCISE)), all);
}

#[test]
fn rules_can_be_ignored_in_some_files() {
    let folder = project("[per-file-ignores]\n'drafts/' = ['broken']\n'!drafts/' = ['fragile']");
    let all = ["a.ipynb asyncio-run", "drafts/b.ipynb hardcoded-model"];
    assert_eq!(found(&folder.nbfix(CONCISE)), all);
}

#[test]
fn levels_decide_what_fails() {
    let folder = project("select = ['hardcoded-model']\nfail-on = 'error'");
    // Once, at the top level, it is a note; in a function it is a warning.
    assert_eq!(
        folder.nbfix("check -q --fail-on warning").code,
        Some(0),
        "a note"
    );
    let inside = format!("def ask():\n    return {MODEL}");
    folder.write("a.ipynb", notebook(&[inside.as_str()]));
    assert_eq!(folder.nbfix("check -q").code, Some(0));
    assert_eq!(folder.nbfix("check -q --fail-on warning").code, Some(1));
    folder.write(
        "nbfix.toml",
        "select = ['hardcoded-model']\nfail-on = 'error'\n[levels]\nfragile = 'error'",
    );
    let ran = folder.nbfix(&format!("{CONCISE} a.ipynb"));
    assert_eq!(ran.code, Some(1));
    assert!(ran.out().contains("error[hardcoded-model]"), "{ran}");
}

#[test]
fn what_is_excluded_is_left_out_unless_it_is_named() {
    let folder = project("exclude = ['drafts/']");
    folder.write("venv/c.ipynb", notebook(&[FLAGGED]));
    let files = |line: &str| {
        let mut files = found(&folder.nbfix(line));
        files
            .iter_mut()
            .for_each(|it| it.truncate(it.find(' ').unwrap()));
        files.dedup();
        files
    };
    assert_eq!(files(CONCISE), ["a.ipynb", "venv/c.ipynb"]);
    let named = format!("{CONCISE} drafts/b.ipynb");
    assert_eq!(files(&named), ["drafts/b.ipynb"]);
    assert!(files(&format!("{named} --force-exclude")).is_empty());
    folder.write(
        "nbfix.toml",
        "extend-exclude = ['b.*']\nforce-exclude = true",
    );
    assert_eq!(files(CONCISE), ["a.ipynb"]);
    assert!(files(&named).is_empty());
}

#[test]
fn the_environment_stands_between() {
    let folder = project("select = ['broken']\nfail-on = 'never'");
    let with = |name: &str, value: &str, line: &str| folder.nbfix_in(&[(name, value)], line);
    let ran = with(
        "NBFIX_SELECT",
        "hardcoded-model, ",
        &format!("{CONCISE} a.ipynb"),
    );
    assert_eq!(found(&ran), ["a.ipynb hardcoded-model"]);
    assert_eq!(with("NBFIX_FAIL_ON", "error", "check -q").code, Some(1));
    assert_eq!(with("NBFIX_FAIL_ON", "", "check -q").code, Some(0));
    assert_eq!(
        with("NBFIX_OUTPUT_FORMAT", "json", "check -q a.ipynb").out()[..1],
        *"["
    );
    folder.write("ci/ci.toml", "ignore = ['ALL']");
    assert_eq!(with("NBFIX_CONFIG", "ci/ci.toml", "check -q").out(), "");
    let isolated = with("NBFIX_CONFIG", "ci/ci.toml", "check -q --isolated");
    assert_eq!(isolated.code, Some(1), "{isolated}");
    let slip = with("NBFIX_SELECT", "brokn", "check");
    assert_eq!(slip.code, Some(2));
    assert_snapshot!(slip.err, @"error: `NBFIX_SELECT`: there is no rule `brokn`; did you mean `broken`?");
    let slip = with("NBFIX_FAIL_ON", "eror", "check");
    assert_snapshot!(slip.err, @"error: `NBFIX_FAIL_ON`: `eror` is no value; did you mean `error`?");
}

#[test]
fn slips_are_shown_where_they_are() {
    let slips = [
        ("unknown_key", "selct = ['broken']"),
        (
            "unknown_rule",
            "ignore = [\n  'fragile',\n  'asyncio-rum',\n]",
        ),
        ("unknown_rule_in_levels", "[levels]\nasyncio-rum = 'note'"),
        ("unknown_value", "fail-on = 'warn'"),
        ("unknown_setting", "[fix]\nstile = 'helper'"),
        ("no_pattern", "exclude = ['a[']"),
        ("no_parent", "extend = '../base.toml'"),
    ];
    for (name, config) in slips {
        let ran = project(config).nbfix("check");
        assert_eq!(ran.code, Some(2), "{name}: {ran}");
        assert_snapshot!(format!("slip_{name}"), ran.err);
    }
}

#[test]
fn what_is_in_force_is_shown() {
    let folder = project(
        "extend = 'base/nbfix.toml'\nextend-select = ['personal-path']\n[levels]\nfragile = 'note'",
    );
    folder.write(
        "base/nbfix.toml",
        "ignore = ['leak']\ntarget-python = '3.10'\n\n[per-file-ignores]\n'drafts/' = ['broken']\n\n[models]\nreplace = { gpt-4 = 'gpt-4.1' }\n",
    );
    let line = "config drafts/b.ipynb --select fragile,broken";
    assert_snapshot!(
        "config_in_force",
        folder.nbfix_in(&[("NBFIX_FAIL_ON", "error")], line)
    );
    let json = folder.nbfix(&format!("{line} --output-format json"));
    let json: Value = serde_json::from_slice(&json.out).unwrap();
    assert_eq!(json["file"], "nbfix.toml");
    let values = json["values"].as_array().unwrap();
    let from = |key: &str| {
        let value = values.iter().find(|it| it["key"] == key).unwrap();
        value["from"].to_string()
    };
    assert_eq!(
        from("select"),
        r#"{"kind":"command-line","name":"--select"}"#
    );
    assert_eq!(from("fail-on"), r#"{"kind":"default"}"#);
    assert_eq!(
        from("target-python"),
        r#"{"kind":"file","line":2,"path":"base/nbfix.toml"}"#
    );
    let rules = json["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["level"] == "note"), "{json}");
}

#[test]
fn the_target_reaches_the_rule() {
    let folder = project("target-python = '3.9'");
    folder.write(
        "a.ipynb",
        notebook(&["match x:\n    case 1:\n        pass"]),
    );
    let ran = folder.nbfix(&format!("{CONCISE} a.ipynb"));
    assert!(ran.out().contains("this needs a newer Python"), "{ran}");
}

#[test]
fn the_schema_is_printed() {
    let ran = Folder::new().nbfix("schema config");
    let schema: Value = serde_json::from_slice(&ran.out).unwrap();
    assert_eq!(schema["title"], "nbfix.toml");
}

/// A notebook that stops without a service of this module.
fn of_service(module: &str) -> String {
    let client = format!(
        "from {module} import Client\ntry:\n    client = Client()\nexcept Exception as e:\n    raise RuntimeError('it is not there') from e"
    );
    notebook(&[&client, "client.rows()"])
}

#[test]
fn services_of_ones_own_are_known_in_each_project() {
    let folder = Folder::new();
    for module in ["warehouse", "lake"] {
        let config = format!(
            "[services.{module}]\nlabel = \"the {module}\"\nmodules = [\"{module}\"]\nconstructors = [\"{module}.Client\"]\ncli = [\"{module} login\"]\n"
        );
        folder
            .write(&format!("{module}/nbfix.toml"), config)
            .write(&format!("{module}/a.ipynb"), of_service(module));
    }
    folder.write("lake/b.ipynb", of_service("warehouse"));
    let ran = folder.nbfix("diff --unsafe --exit-zero --cells lake/a.ipynb warehouse");
    for module in ["warehouse", "lake"] {
        for said in [
            format!("[WARN] the {module} unavailable"),
            format!("{module} login"),
            format!("if {module}_enabled:"),
        ] {
            assert!(ran.out().contains(&said), "{said}: {ran}");
        }
    }
    let other = folder.nbfix("diff --unsafe --exit-zero --cells lake/b.ipynb");
    assert!(!other.out().contains("the warehouse"), "{other}");
}

#[test]
fn a_service_that_cannot_be_used_ends_the_run() {
    let folder = project("[services.my-warehouse]\nmodules = ['warehouse']");
    let ran = folder.nbfix(CONCISE);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("`services.my-warehouse`"), "{ran}");
}
