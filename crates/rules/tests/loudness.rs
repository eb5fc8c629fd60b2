//! What the examples of the pages cannot say: levels, helps, and findings of two rules that are told as one.
#![allow(clippy::unwrap_used, missing_docs)]

use nbfix_ipynb::Notebook;
use nbfix_lint::{Finding, Level, RuleSet, lint};
use nbfix_rules::{all, find};
use nbfix_semantic::{Semantic, Sources};

fn found(notebook: &Notebook, rules: &[&str]) -> Vec<Finding> {
    let rules = match rules {
        [] => RuleSet::new(all().iter().filter(|rule| rule.default)),
        names => RuleSet::new(names.iter().map(|name| find(name).unwrap())),
    };
    let sources = Sources::parse(notebook, "x.ipynb");
    lint(&Semantic::new(notebook, &sources), &rules).findings
}

fn of_code(cells: &[&str], rules: &[&str]) -> Vec<Finding> {
    found(&Notebook::of_code(cells).unwrap(), rules)
}

/// A notebook of code cells with these metadata.
fn with_metadata(cells: &[&str], metadata: &str) -> Notebook {
    let notebook = Notebook::of_code(cells).unwrap();
    let text = notebook.text();
    let at = text.find("\"metadata\":{},\"nbformat\"").unwrap();
    let (before, after) = text.split_at(at);
    let after = after.replacen("{}", metadata, 1);
    Notebook::load(format!("{before}{after}").into_bytes()).unwrap()
}

const PYTHON_2: &str = r#"{"kernelspec": {"name": "python2", "language": "python"}}"#;
const PYTHON_3: &str = r#"{"kernelspec": {"name": "python3", "language": "python"}}"#;

const OLD: &[&str] = &[
    "import numpy as np\nimport tensorflow as tf\nfrom sklearn.cross_validation import train_test_split",
    "x = np.zeros(3, dtype=np.float)\ny = tf.placeholder(tf.float32)",
    "for i in xrange(3):\n    print i, unicode(i), `i`",
    "try:\n    execfile('x.py')\nexcept IOError, e:\n    raise ValueError, 'x'",
];

#[test]
fn a_notebook_for_python_2_gets_one_note() {
    let findings = found(&with_metadata(OLD, PYTHON_2), &[]);
    let [note] = findings.as_slice() else {
        panic!("{findings:#?}");
    };
    assert_eq!((note.rule.name, note.level), ("syntax-error", Level::Note));
    assert_eq!(note.at.cell().unwrap().number(), 3);
    // What Python 2 could not read either is told all the same.
    let cells = ["print 'a'", "val x = new Thing(y)", "print undefined"];
    let findings = found(&with_metadata(&cells, PYTHON_2), &["syntax-error"]);
    let told: Vec<_> = findings
        .iter()
        .map(|it| (it.at.cell().unwrap().number(), it.level))
        .collect();
    assert_eq!(told, [(1, Level::Note), (2, Level::Error)]);
    // One that Python 3 reads as well is told at its first cell.
    let findings = found(&with_metadata(&["# a\nx = 1"], PYTHON_2), &["syntax-error"]);
    assert_eq!(findings.len(), 1);
}

#[test]
fn python_2_in_a_notebook_for_python_3_is_told_as_ever() {
    let findings = found(&with_metadata(OLD, PYTHON_3), &[]);
    let mut rules: Vec<&str> = findings.iter().map(|it| it.rule.name).collect();
    rules.sort_unstable();
    rules.dedup();
    let wanted = [
        "moved-import",
        "removed-api",
        "removed-numpy-alias",
        "syntax-error",
    ];
    assert_eq!(rules, wanted);
    assert!(findings.iter().all(|it| it.level == Level::Error));
}

#[test]
fn one_statement_is_told_once() {
    let rules = ["undefined-name", "read-before-bound"];
    let findings = of_code(&["keras.layers.LSTM(units)", "import keras"], &rules);
    let told: Vec<_> = findings.iter().map(|it| it.rule.name).collect();
    assert_eq!(told, ["undefined-name"]);
    let labels: Vec<_> = findings[0].labels.iter().map(|it| &it.text).collect();
    assert_eq!(labels[0], "only cell 2 binds `keras`");
    // In another statement of the cell it is another matter, and so it is in another line of a class.
    let class = "class A:\n    a = keras.Model\n    b = units";
    assert_eq!(of_code(&[class, "import keras"], &rules).len(), 2);
    let cells = ["del model\nkeras.clear()\nprint(units)", "import keras"];
    assert_eq!(of_code(&cells, &rules).len(), 3);
    // And so it is where the other rule does not run.
    let cells = ["keras.layers.LSTM(units)", "import keras"];
    assert_eq!(of_code(&cells, &["read-before-bound"]).len(), 1);
}

#[test]
fn a_name_that_lacks_its_object_is_not_to_be_moved() {
    let cells = [
        "client = object()",
        "agents.delete(1)",
        "from elsewhere import agents",
        "client.agents.delete(1)",
    ];
    let help = |cells: &[&str]| {
        let findings = of_code(cells, &["read-before-bound"]);
        findings[0].help.clone().unwrap()
    };
    assert!(help(&cells).contains("`client.agents` is meant, as in cell 4"));
    // Nothing is read of it, or the object is not there either: nothing speaks for it.
    let mut others = cells;
    others[1] = "print(agents)";
    assert!(help(&others).starts_with("Move cell 3 up"));
    let mut others = cells;
    others[0] = "x = 1";
    assert!(help(&others).starts_with("Move cell 3 up"));
}

#[test]
fn what_a_person_knows_is_a_note() {
    let level = |cells: &[&str], rule: &str| {
        let findings = of_code(cells, &[rule]);
        findings.iter().map(|it| it.level).collect::<Vec<_>>()
    };
    let prompt = |cell: &str| level(&[cell], "interactive-prompt");
    assert_eq!(prompt("input('Press Enter')"), [Level::Note]);
    assert_eq!(prompt("while True:\n    q = input('You: ')"), [Level::Note]);
    assert_eq!(prompt("name = input('Name: ')"), [Level::Warning]);
    let fetch = |call: &str| {
        let cell = format!("import requests\n{call}");
        level(&[&cell], "request-without-timeout")
    };
    assert_eq!(
        fetch("requests.get('https://files.invalid/a.png')"),
        [Level::Note]
    );
    assert_eq!(
        fetch("requests.get('https://api.invalid/a.json')"),
        [Level::Warning]
    );
    assert_eq!(
        fetch("requests.post('https://files.invalid/a.png')"),
        [Level::Warning]
    );
    let in_function = "def f():\n    return requests.get('https://files.invalid/a.png')";
    assert_eq!(fetch(in_function), [Level::Warning]);
}

#[test]
fn what_may_be_meant_is_told_more_quietly() {
    let levels = |cells: &[&str], rule: &str| -> Vec<Level> {
        let findings = of_code(cells, &[rule]);
        findings.iter().map(|it| it.level).collect()
    };
    let script = "%%writefile task.py\nimport numpy as np\nnp.zeros(3).astype(np.float)";
    let alias = |other: &str| levels(&[script, other], "removed-numpy-alias");
    assert_eq!(alias("!gsutil cp task.py gs://x"), [Level::Note]);
    assert_eq!(alias("!python task.py"), [Level::Error]);
    assert_eq!(alias("%run -i task.py"), [Level::Error]);
    assert_eq!(alias("from task import x"), [Level::Error]);
    let exercise = ["# def get_weather(location): ....", "get_weather(3)"];
    assert_eq!(levels(&exercise, "undefined-name"), [Level::Note]);
    let taken_out = ["# def area(a):\n#     return a", "area(3)"];
    assert_eq!(levels(&taken_out, "undefined-name"), [Level::Error]);
    let branches =
        |last: &str| format!("m = input()\nif '8b' in m:\n    acc = 1\nelse:\n    {last}");
    let raised = branches("raise ValueError(f'{acc} of {m}')");
    assert_eq!(levels(&[&raised], "read-before-bound"), [Level::Warning]);
    let read = branches("print(acc)");
    assert_eq!(levels(&[&read], "read-before-bound"), [Level::Error]);
}
