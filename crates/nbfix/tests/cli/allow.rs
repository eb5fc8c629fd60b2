//! Findings that are allowed.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FLAGGED, Folder, Ran, notebook};

const CHECK: &str = "check -q --ignore undefined-name --output-format concise";

/// A cell that `hardcoded-model` flags.
fn model(name: &str, more: &str) -> String {
    format!("client.responses.create(model=\"{name}\", input=\"x\"){more}")
}

fn check(cells: &[&str]) -> Ran {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(cells));
    folder.nbfix(CHECK)
}

#[test]
fn comments_allow_lines_cells_and_files() {
    let line = format!("{FLAGGED}  # nbfix: allow asyncio-run");
    let above = "import asyncio\n# nbfix: allow asyncio-run\nasyncio.run(main())";
    let top = format!("# nbfix: allow asyncio-run\n\n{FLAGGED}\nasyncio.run(main())");
    for cell in [&line, above, &top] {
        assert_eq!(check(&[cell]).out(), "");
    }
    let elsewhere = check(&[FLAGGED, &line]);
    assert_eq!(elsewhere.out().lines().count(), 1, "{elsewhere}");
    let file = "x = 1  # nbfix: allow-file asyncio-run";
    assert_eq!(check(&[FLAGGED, file, FLAGGED]).out(), "");
}

#[test]
fn shell_markdown_and_files_have_their_comments() {
    let without = "%%bash\nls\nrm -rf ~/.azure/msal_token_cache.json";
    let line =
        "%%bash\nls\nrm -rf ~/.azure/msal_token_cache.json  # nbfix: allow deletes-azure-logins";
    let top =
        "%%bash\n# nbfix: allow deletes-azure-logins\nls\nrm -rf ~/.azure/msal_token_cache.json";
    assert_eq!(check(&[without]).out().lines().count(), 1);
    for cell in [line, top] {
        assert_eq!(check(&[cell]).out(), "");
    }
    let app = "# nbfix: allow auth-level-case\nimport azure.functions as func\n\
               app = func.FunctionApp(http_auth_level=\"anonymous\")\n";
    let folder = Folder::new();
    folder.write("function_app.py", app);
    let ran = folder.nbfix(&format!("{CHECK} --select auth-level-case,unused-allow"));
    assert_eq!(ran.out(), "");
    let written = format!("%%writefile function_app.py\n{app}");
    folder.write("a.ipynb", notebook(&[&written]));
    let ran = folder.nbfix(&format!(
        "{CHECK} a.ipynb --select auth-level-case,unused-allow"
    ));
    assert_eq!(ran.out(), "");
}

#[test]
fn tags_and_metadata_allow_cells() {
    let with = |metadata: Value| {
        let mut file: Value = serde_json::from_str(&notebook(&[FLAGGED])).unwrap();
        file["cells"][0]["metadata"] = metadata;
        let folder = Folder::new();
        folder.write("a.ipynb", file.to_string());
        folder
    };
    let allowed = [
        json!({"tags": ["x", "nbfix:allow=asyncio-run"]}),
        json!({"nbfix": {"allow": ["asyncio-run"]}}),
    ];
    for metadata in allowed {
        assert_eq!(with(metadata).nbfix(CHECK).out(), "");
    }
    let unused =
        with(json!({"tags": ["nbfix:allow=shell-env", "x"], "nbfix": {"allow": ["shell-env"]}}));
    let ran = unused.nbfix("check -q --select unused-allow,shell-env");
    assert_snapshot!("unused_tags", ran);
    let json = unused.nbfix("check --select unused-allow,shell-env --output-format json");
    let json: Value = serde_json::from_slice(&json.out).unwrap();
    let mut bytes = unused.read("a.ipynb");
    let findings = json.as_array().unwrap().iter();
    let mut edits: Vec<&Value> = findings
        .flat_map(|finding| finding["fix"]["edits"].as_array().unwrap())
        .collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["start"].as_u64()));
    for edit in edits {
        let place = |key: &str| usize::try_from(edit[key].as_u64().unwrap()).unwrap();
        let text = edit["text"].as_str().unwrap();
        bytes.splice(place("start")..place("end"), text.bytes());
    }
    let ran = unused.nbfix("fix --select unused-allow,shell-env");
    assert_snapshot!("unused_tags_mended", ran);
    let mended: Value = serde_json::from_slice(&unused.read("a.ipynb")).unwrap();
    let metadata = &mended["cells"][0]["metadata"];
    assert_eq!(*metadata, json!({"tags": ["x"], "nbfix": {"allow": []}}));
    assert_eq!(
        bytes,
        unused.read("a.ipynb"),
        "the JSON says what `fix` writes"
    );
}

#[test]
fn what_is_allowed_is_not_mended() {
    let folder = Folder::new();
    let cells = [
        model("gpt-4.1", "  # nbfix: allow hardcoded-model"),
        model("gpt-4.1", ""),
        model("gpt-4.1-mini", ""),
    ];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    folder.write("a.ipynb", notebook(&cells));
    let ran = folder.nbfix("fix --select hardcoded-model,unused-allow");
    assert_eq!(ran.code, Some(0), "{ran}");
    let text = String::from_utf8(folder.read("a.ipynb")).unwrap();
    let kept = serde_json::to_string(cells[0]).unwrap();
    assert!(text.contains(&kept), "{text}");
    assert!(
        !text.contains(&serde_json::to_string(cells[1]).unwrap()),
        "{text}"
    );
    assert_eq!(folder.nbfix(CHECK).out(), "");

    let allowed = format!("# nbfix: allow asyncio-run\n{FLAGGED}");
    folder.write("b.ipynb", notebook(&[&allowed]));
    let before = folder.read("b.ipynb");
    let ran = folder.nbfix("fix --unsafe b.ipynb --ignore undefined-name");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(folder.read("b.ipynb"), before);
}

#[test]
fn what_is_not_needed_is_told_and_taken_out() {
    let folder = Folder::new();
    let cells = [
        "x = 1  # nbfix: allow asyncio-run, hardcoded-model",
        "# nbfix: allow asyncoi-run\nx = 2",
        "# nbfix: allow personal-path\nx = 3",
    ];
    folder.write("a.ipynb", notebook(&cells));
    assert_snapshot!("unused_allow", folder.nbfix("check"));
    assert_snapshot!("unused_allow_mended", folder.nbfix("fix"));
    let selected = folder.nbfix("check -q --select asyncio-run");
    assert_eq!(selected.out(), "", "only who asks is told");
    folder.write("pages/personal-room.toml", PAGE);
    folder.write("nbfix.toml", "[rules]\npaths = ['pages/']");
    folder.write("a.ipynb", notebook(&["x = 1  # nbfix: allow personal-rom"]));
    let known = folder.nbfix("check -q");
    assert!(
        known.out().contains("did you mean `personal-room`?"),
        "{known}"
    );
}

const PAGE: &str = "summary = 'x'\nmessage = 'x'\ngroup = 'tidy'\nwhy = 'x'\n[match]\npattern = 'room($x)'\n\
                    [[example]]\nname = 'a'\nbefore = 'room(1)'\n[[example]]\nname = 'b'\nclean = 'x'\n";

/// The sources of the cells.
fn sources(folder: &Folder) -> Vec<String> {
    let file: Value = serde_json::from_slice(&folder.read("a.ipynb")).unwrap();
    let cells = file["cells"].as_array().unwrap().iter();
    let source = |cell: &Value| {
        let lines = cell["source"].as_array().unwrap().iter();
        lines.map(|line| line.as_str().unwrap()).collect()
    };
    cells.map(source).collect()
}

#[test]
fn comments_are_written() {
    let cells = [
        FLAGGED,
        "import asyncio\nasyncio.run(main(\"\"\"\n\"\"\"))",
        "%%time\nasyncio.run(main())  # nbfix: allow conflict-marker",
        "x = asyncio.run(\n    main()\n) \\\n  + 1",
        "!pip install requests",
    ];
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&cells));
    assert_snapshot!(
        "allow_comments",
        folder.nbfix("allow asyncio-run a.ipynb --reason why")
    );
    folder.nbfix("allow pip-without-percent .");
    let wanted = [
        "import asyncio\nasyncio.run(main())  # nbfix: allow asyncio-run why",
        "import asyncio\n# nbfix: allow asyncio-run why\nasyncio.run(main(\"\"\"\n\"\"\"))",
        "%%time\nasyncio.run(main())  # nbfix: allow conflict-marker, asyncio-run",
        "x = asyncio.run(  # nbfix: allow asyncio-run why\n    main()\n) \\\n  + 1",
        "# nbfix: allow pip-without-percent\n!pip install requests",
    ];
    assert_eq!(sources(&folder), wanted);
    let again = folder.nbfix("allow asyncio-run a.ipynb");
    assert_eq!(again.code, Some(0));
    assert!(again.err.contains("Nothing to allow"), "{again}");
}

#[test]
fn a_cell_is_allowed_as_a_whole_or_by_a_tag() {
    let twice = format!("{FLAGGED}\nasyncio.run(main())");
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED, &twice]));
    let ran = folder.nbfix("allow asyncio-run a.ipynb --cell 2");
    assert!(ran.err.contains("Allowed 2 findings"), "{ran}");
    let wanted = [
        FLAGGED.to_owned(),
        format!("# nbfix: allow asyncio-run\n{twice}"),
    ];
    assert_eq!(sources(&folder), wanted);
    let before = String::from_utf8(folder.read("a.ipynb")).unwrap();
    let ran = folder.nbfix("allow asyncio-run . --as tag");
    assert_eq!(ran.code, Some(0), "{ran}");
    let tag = "{\n        \"tags\": [\n          \"nbfix:allow=asyncio-run\"\n        ]\n      }";
    let after = before.replacen("\"metadata\": {}", &format!("\"metadata\": {tag}"), 1);
    assert_eq!(String::from_utf8(folder.read("a.ipynb")).unwrap(), after);
    assert_eq!(folder.nbfix(CHECK).out(), "");
}

#[test]
fn each_place_of_a_model_is_allowed() {
    let cells = [model("gpt-4.1", ""), model("gpt-4.1", "")];
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&cells));
    let ran = folder.nbfix("allow hardcoded-model a.ipynb");
    assert_eq!(ran.code, Some(0), "{ran}");
    let wanted = model("gpt-4.1", "  # nbfix: allow hardcoded-model");
    assert_eq!(sources(&folder), [wanted.clone(), wanted]);
}

#[test]
fn what_cannot_be_allowed_is_told() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&["x = 1"]));
    let slip = folder.nbfix("allow asyncio-rum a.ipynb");
    assert_eq!(slip.code, Some(2));
    assert!(slip.err.contains("did you mean `asyncio-run`?"), "{slip}");
    assert_eq!(folder.nbfix("allow broken a.ipynb").code, Some(2));
    folder.write("a.ipynb", "{\"cells\": [}");
    let broken = folder.nbfix("allow asyncio-run a.ipynb");
    assert!(broken.err.contains("nothing is allowed in it"), "{broken}");
    let mut file: Value = serde_json::from_str(&notebook(&[FLAGGED])).unwrap();
    file["cells"][0]["metadata"] = json!({"tags": "x"});
    folder.write("a.ipynb", file.to_string());
    let ran = folder.nbfix("allow asyncio-run a.ipynb --as tag");
    assert_snapshot!("allow_without_a_place", ran);
    assert_eq!(
        String::from_utf8(folder.read("a.ipynb")).unwrap(),
        file.to_string()
    );
}
