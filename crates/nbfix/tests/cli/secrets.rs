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
    let diff = folder.nbfix(&format!("diff --exit-zero {select}"));
    is_silent("diff", &diff);
    assert!(diff.out().contains("ghp_****"), "{diff}");
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

/// A shape of one's own, and a value that is harmless.
const OWN: &str = "\
[secrets]
allow = [\"^b7Kq\", \"sha256:4c7b04c6fbd7eb6cd7a5ab8be9a9d8f5ae8c19d6a7dbb4ac48d1ba62c71f4d3c\"]
ignore = [\"github-token\"]

[[secrets.shape]]
id = \"lab-token\"
name = \"a token of the lab\"
regex = \"LAB:[0-9a-z]{24}\"
needs = [\"LAB:\"]
env = \"LAB_TOKEN\"
revoke = \"the desk of the lab\"
";

const LAB: &str = "LAB:b7kq2ztw9xlm4rvn8spd5hgc";

/// Two folders whose configurations differ, in one run.
fn configured() -> Folder {
    let folder = folder();
    let cell = json!({"cell_type": "code", "execution_count": null, "metadata": {}, "source": format!("client = lab.Client('{LAB}')\nraise ValueError"),
        "outputs": [{"output_type": "stream", "name": "stdout", "text": [format!("{LAB}\n")]}]});
    let allowed = json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [],
        "source": format!("api_key = 'b7Kq2ZtW9xLm4RvN8sPd'\n{}", token())});
    let notebook =
        json!({"cells": [cell, allowed], "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    for name in ["own/a.ipynb", "plain/a.ipynb"] {
        folder.write(name, serde_json::to_string_pretty(&notebook).unwrap());
    }
    folder.write("own/nbfix.toml", OWN);
    folder
}

#[test]
fn a_project_says_what_is_secret_and_what_is_not() {
    let folder = configured();
    let ran = folder.nbfix("check --exit-zero --select hardcoded-secret,secret-in-output --output-format concise own plain");
    let out = ran.out();
    let told: Vec<&str> = out.lines().filter(|line| line.contains("error[")).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_a_project_added_is_masked_everywhere() {
    for line in [
        "check --exit-zero --select ALL own",
        "check --exit-zero --select ALL --output-format json own",
        "check --exit-zero --select ALL --output-format html own",
        "check --exit-zero --select ALL --output-format sarif own",
        "check --exit-zero --select ALL --output-format markdown own",
        "check --exit-zero --select recorded-error,unused-name --output-format full own",
        "diff --exit-zero --unsafe own",
        "diff --exit-zero --unsafe --cells own",
        "match lab.Client($x) own",
        "match lab.Client($x) --replace lab.connect($x) own",
        "fix --exit-zero --unsafe own",
    ] {
        let ran = configured().nbfix(line);
        let both = format!("{}{}", ran.out(), ran.err);
        assert!(!both.contains(&LAB[8..]), "{line}: {ran}");
    }
}

#[test]
fn what_cannot_be_used_is_told_with_its_place() {
    let folder = Folder::new();
    folder.write("a.ipynb", crate::support::notebook(&["1"]));
    let mut told = String::new();
    for config in [
        "allow = ['(?=a)b']",
        "allow = ['sha256:abc']",
        "allow = ['.*']",
        "ignore = ['openai-kee']",
        "shape = [{ id = 'Lab', name = 'a token', regex = 'x{20}' }]",
        "shape = [{ id = 'lab', name = 'a token', regex = 'x(' }]",
        "shape = [{ id = 'lab', name = 'a token', regex = 'x', needs = ['x'] }]",
        "shape = [{ id = 'lab', regex = 'x' }]",
        "allowed = []",
    ] {
        folder.write("nbfix.toml", format!("[secrets]\n{config}\n"));
        let ran = folder.nbfix("check a.ipynb");
        assert_eq!(ran.code, Some(2), "{ran}");
        told += &ran.err;
    }
    insta::assert_snapshot!(told);
}
