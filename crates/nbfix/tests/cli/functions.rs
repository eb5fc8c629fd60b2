//! Function apps: what is told about them, and fixes of several files.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Folder, Ran, notebook};

const SHARED: &str = "import azure.functions as func\n\napp = func.FunctionApp()\n";
const JOBS: &str = "import azure.functions as func\n\n\ndef nightly(timer: func.TimerRequest) -> None:\n    print(1)\n";
const ENTRY: &str =
    "import azure.functions as func\nfrom jobs import nightly\n\napp = func.FunctionApp()\n";

/// A project whose one function stands in another file.
fn project() -> Folder {
    let folder = Folder::new();
    folder
        .write("api/host.json", "{}")
        .write("api/function_app.py", ENTRY)
        .write("api/jobs.py", JOBS);
    folder
}

fn slashes(ran: &Ran) -> String {
    ran.to_string().replace('\\', "/")
}

#[test]
fn the_index_and_why_it_is_empty() {
    let folder = Folder::new();
    folder
        .write("good/host.json", "{}")
        .write("good/function_app.py", "from pages import app\nimport jobs\n")
        .write("good/shared.py", SHARED)
        .write(
            "good/pages.py",
            "from shared import app\n\n\n@app.route(route=\"hello\")\ndef hello(req):\n    return \"x\"\n",
        )
        .write(
            "good/jobs.py",
            "from shared import app\n\n\n@app.timer_trigger(schedule=\"0 * * * * *\", arg_name=\"t\")\n\
             def every_minute(t):\n    print(1)\n",
        )
        .write("bad/host.json", "{}")
        .write("bad/function_app.py", format!("{SHARED}app = None\n"))
        .write("guess/host.json", "{}")
        .write(
            "guess/function_app.py",
            format!("import os\n{SHARED}if os.environ.get(\"JOBS\"):\n    app.register_functions(jobs)\n"),
        )
        .write("older/host.json", "{}")
        .write("older/hello/function.json", "{}")
        .write("lost/host.json", "{}")
        .write("lost/app.py", SHARED);
    assert_snapshot!("functions", slashes(&folder.nbfix("functions")));
    assert_snapshot!(
        "functions_json",
        slashes(&folder.nbfix("functions bad --output-format json"))
    );
    assert_eq!(folder.nbfix("functions good").code, Some(0));
    assert_eq!(folder.nbfix("functions good/function_app.py").code, Some(0));
    assert_eq!(folder.nbfix("functions older").code, Some(0));
    assert_eq!(folder.nbfix("functions nowhere").code, Some(2));
}

#[test]
fn the_index_of_a_notebook() {
    let folder = Folder::new();
    let cells = [
        "x = 1",
        "%%writefile src/function_app.py\nimport azure.functions as func\n\napp = func.FunctionApp()",
        "%%writefile -a src/function_app.py\n@app.route(route=\"a\")\ndef a(req): return \"x\"",
    ];
    folder.write("demo.ipynb", notebook(&cells));
    assert_snapshot!(
        "functions_notebook",
        slashes(&folder.nbfix("functions demo.ipynb"))
    );
    assert!(
        folder
            .nbfix("functions")
            .out()
            .contains("src/function_app.py:5")
    );
}

#[test]
fn a_finding_stands_in_its_file() {
    let folder = project();
    let line = "check --select undecorated-function --output-format concise -q";
    let ran = folder.nbfix(&format!("{line} api"));
    assert!(
        slashes(&ran).contains("api/jobs.py:4:5: error[undecorated-function]"),
        "{ran}"
    );
    assert_eq!(
        folder.nbfix(&format!("{line} api/function_app.py")).code,
        Some(0)
    );
    assert_eq!(folder.nbfix(&format!("{line} api/jobs.py")).code, Some(1));
}

#[test]
fn a_fix_of_another_file_is_shown_and_made_as_one() {
    let folder = project();
    let line = "--unsafe --select undecorated-function";
    let diff = folder.nbfix(&format!("diff {line} api"));
    assert_snapshot!("functions_diff", slashes(&diff));
    let ran = folder.nbfix(&format!("fix {line} api"));
    assert_snapshot!("functions_fix", slashes(&ran));
    let entry = String::from_utf8(folder.read("api/function_app.py")).unwrap();
    assert!(
        entry.contains("from jobs import nightly as implementation"),
        "{entry}"
    );
    assert_eq!(folder.read("api/jobs.py"), JOBS.as_bytes());
    assert_eq!(folder.nbfix(&format!("fix {line} api")).code, Some(0));
}

#[test]
fn from_within_the_project() {
    let folder = Folder::new();
    folder
        .write("host.json", "{}")
        .write("function_app.py", ENTRY)
        .write("jobs.py", JOBS);
    let check = folder.nbfix("check --select undecorated-function -q jobs.py function_app.py");
    assert_eq!(check.code, Some(1), "{check}");
    let ran = folder.nbfix("fix --unsafe --select undecorated-function jobs.py function_app.py");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        folder
            .nbfix("functions")
            .out()
            .starts_with(".: 1 function\n")
    );
}

#[test]
fn files_that_were_not_asked_for_are_not_changed() {
    let folder = project();
    let ran = folder.nbfix("fix --unsafe --select undecorated-function api/jobs.py");
    assert!(
        slashes(&ran).contains("it would change api/function_app.py, too"),
        "{ran}"
    );
    assert_eq!(folder.read("api/function_app.py"), ENTRY.as_bytes());
    assert_eq!(folder.read("api/jobs.py"), JOBS.as_bytes());
}

#[test]
fn all_files_of_a_fix_or_none() {
    let folder = project();
    folder.write("api/shared.py", SHARED);
    // One fix decorates the functions of both modules; the second cannot be written.
    folder.write(
        "api/pages.py",
        "import azure.functions as func\n\n\ndef hello(req: func.HttpRequest) -> func.HttpResponse:\n    return x\n",
    );
    folder.write(
        "api/function_app.py",
        "import azure.functions as func\nfrom jobs import nightly\nfrom pages import hello\nfrom shared import app\n",
    );
    let pages = folder.path("api/pages.py");
    let mut permissions = fs::metadata(&pages).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&pages, permissions).unwrap();
    let ran = folder.nbfix("fix --unsafe --select undecorated-function api");
    assert!(
        slashes(&ran).contains("not mended: api/pages.py: the file is read-only"),
        "{ran}"
    );
    assert_eq!(folder.read("api/jobs.py"), JOBS.as_bytes(), "{ran}");
}
