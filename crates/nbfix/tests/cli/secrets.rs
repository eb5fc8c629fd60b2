//! Secrets are found, and never written: not by any command, in any format, whatever rules run.

use serde_json::{Value, json};

use crate::support::{Folder, Ran};

/// Made up, and put together here, so that nothing in the repository looks like one.
fn token() -> String {
    ["gh", "p_", "b7Kq2ZtW9xLm4RvN8sPd", "T4nB8vXz1QwE6yUk"].concat()
}

const PASSWORD: &str = "Fj7#wQ2m!Lx";

/// A notebook that holds the secrets wherever a notebook can.
fn folder() -> Folder {
    let token = token();
    let code = |source: &str, outputs: Value| json!({"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": outputs, "source": source});
    let printed = json!([{"output_type": "stream", "name": "stdout", "text": [format!("logged in\n{token}\n")]}]);
    let failed = json!([{"output_type": "error", "ename": "ValueError", "evalue": format!("bad credentials {token}"),
        "traceback": [format!("\u{1b}[0;31mValueError\u{1b}[0m: bad credentials {token}")]}]);
    let cells = json!([
        {"cell_type": "markdown", "metadata": {}, "source": format!("Log in with\n{token}")},
        code(&format!("import asyncio\n{token}\nasyncio.run(main('{token}'))"), printed),
        code(&format!("import os\nkey = os.getenv('GITHUB_TOKEN', '{token}')\nlake_password = \"{PASSWORD}\""), failed),
        code(&format!("open('/Users/ada/{token}.csv')\nlogin(token='{token}')\nraise ValueError"), json!([])),
        code(&format!("%%writefile settings.py\nADMIN_PASSWORD = \"{PASSWORD}\"\nTOKEN = '{token}'\n"), json!([])),
    ]);
    let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    let folder = Folder::new();
    folder.write(
        "a.ipynb",
        serde_json::to_string_pretty(&notebook).unwrap() + "\n",
    );
    folder.write("b.ipynb", notebook.to_string());
    let script = format!("import os\n\nTOKEN = os.environ.get(\"GITHUB_TOKEN\", \"{token}\")\n");
    folder.write("c.py", script);
    folder
}

fn is_silent(line: &str, ran: &Ran) {
    let both = format!("{}{}", ran.out(), ran.err);
    assert!(!both.is_empty(), "{line}");
    let tail = &token()[8..];
    // A part of it would be too much already.
    assert!(!both.contains(&tail[..12]), "{line}: {ran}");
    assert!(!both.contains(&tail[12..24]), "{line}: {ran}");
    assert!(!both.contains(&PASSWORD[2..]), "{line}: {ran}");
}

#[test]
fn no_command_writes_them() {
    let lines = [
        "check --exit-zero",
        "check --exit-zero --select ALL",
        "check --exit-zero --select ALL --output-format concise",
        "check --exit-zero --select ALL --output-format json",
        "check --exit-zero --select ALL --output-format jsonl",
        "check --exit-zero --select ALL --output-format github",
        "check --exit-zero --select ALL --output-format gitlab",
        "check --exit-zero --select ALL --output-format sarif",
        "check --exit-zero --select ALL --output-format junit",
        "check --exit-zero --select ALL --output-format markdown",
        "check --exit-zero --select ALL --output-format html",
        "check --exit-zero --ignore hardcoded-secret,secret-default,secret-in-output --output-format full",
        "check --exit-zero --select asyncio-run,recorded-error,personal-path",
        "check --exit-zero --color always",
        "check --exit-zero --statistics",
        "check --exit-zero --diff --unsafe",
        "diff --exit-zero --unsafe --color always",
        "diff --exit-zero --unsafe --select hardcoded-secret,secret-default",
        "diff --exit-zero --unsafe --select asyncio-run",
        "diff --exit-zero --unsafe --cells",
        "match login($x)",
        "match login($...x) --output-format json",
        "match login($x) --replace log_in($x)",
        "match login($x) --replace log_in($x) --patch",
        "fix --unsafe --exit-zero",
    ];
    for line in lines {
        let folder = folder();
        let ran = folder.nbfix(line);
        is_silent(line, &ran);
    }
}

#[test]
fn a_baseline_holds_none() {
    let folder = folder();
    let ran = folder.nbfix("baseline write");
    is_silent("baseline write", &ran);
    let text = String::from_utf8(folder.read("nbfix-baseline.json")).unwrap();
    assert!(!text.contains(&token()[8..20]) && !text.contains(PASSWORD));
}

#[test]
fn a_masked_diff_says_so_and_one_with_secrets_applies() {
    let select = "--select hardcoded-secret,secret-default --unsafe a.ipynb c.py";
    let (patched, fixed) = (folder(), folder());
    let masked = patched.nbfix(&format!("diff {select}"));
    let said = "so the diff does not apply; `--show-secrets` writes them as they are";
    assert!(masked.err.contains(said), "{masked}");
    let refused = patched.git("apply -", &masked.out);
    assert_ne!(refused.code, Some(0), "{refused}");
    let shown = patched.nbfix(&format!("diff --show-secrets {select}"));
    assert!(!shown.err.contains("masked"), "{shown}");
    let applied = patched.git("apply -", &shown.out);
    assert_eq!(applied.code, Some(0), "{applied}");
    let fix = fixed.nbfix(&format!("fix --exit-zero {select}"));
    assert_eq!(fix.code, Some(0), "{fix}");
    for name in ["a.ipynb", "c.py"] {
        assert_eq!(fixed.read(name), patched.read(name), "{name}");
    }
    let script = String::from_utf8(fixed.read("c.py")).unwrap();
    assert_eq!(
        script,
        "import os\n\nTOKEN = os.environ.get(\"GITHUB_TOKEN\")\nif not TOKEN:\n    \
         raise ValueError(\"GITHUB_TOKEN is required: set it in the environment\")\n"
    );
}

#[test]
fn each_is_told_where_it_stands() {
    let folder = folder();
    let ran = folder.nbfix(
        "check --exit-zero --select hardcoded-secret,secret-default,secret-in-output --output-format concise a.ipynb c.py",
    );
    let told: Vec<String> = ran
        .out()
        .lines()
        .filter(|line| line.contains("error["))
        .map(|line| line.split(" (").next().unwrap().to_owned())
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn outputs_that_hold_one_are_cleared() {
    let folder = folder();
    let select = "--unsafe --select secret-in-output a.ipynb";
    let before = String::from_utf8(folder.read("a.ipynb")).unwrap();
    let diff = folder.nbfix(&format!("fix {select} --diff"));
    is_silent("fix --diff", &diff);
    insta::assert_snapshot!(diff);
    let fix = folder.nbfix(&format!("fix {select}"));
    is_silent("fix", &fix);
    assert_eq!(fix.code, Some(0), "{fix}");
    // Everything but these outputs and counts is as it was.
    let mut wanted: Value = serde_json::from_str(&before).unwrap();
    for cell in [1, 2] {
        wanted["cells"][cell]["outputs"] = json!([]);
        wanted["cells"][cell]["execution_count"] = Value::Null;
    }
    let after = String::from_utf8(folder.read("a.ipynb")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), wanted);
    let again = folder.nbfix(&format!("fix {select}"));
    assert_eq!(folder.read("a.ipynb"), after.as_bytes(), "{again}");
    assert_eq!(again.code, Some(0), "{again}");
}
