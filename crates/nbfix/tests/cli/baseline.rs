//! Findings that are known, and cells that have not changed.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FLAGGED, Folder, Ran, notebook};

const CHECK: &str =
    "check -q --select asyncio-run,hardcoded-model,recorded-error --output-format concise";
const WRITE: &str = "baseline write --select asyncio-run,hardcoded-model,recorded-error";

/// A notebook of 4.5 with these code cells, which have ids.
fn with_ids(cells: &[(&str, &str)]) -> Value {
    let cell = |(id, source): &(&str, &str)| json!({"cell_type": "code", "execution_count": null, "id": id, "metadata": {}, "outputs": [], "source": source});
    let cells: Vec<Value> = cells.iter().map(cell).collect();
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
}

fn write(folder: &Folder, file: &Value) {
    folder.write("a.ipynb", serde_json::to_string_pretty(file).unwrap());
}

fn cells(file: &mut Value) -> &mut Vec<Value> {
    file["cells"].as_array_mut().unwrap()
}

fn lines(ran: &Ran) -> Vec<String> {
    ran.out().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_known_is_not_told() {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED, "x = 1"]))
        .write("b/c.ipynb", notebook(&[FLAGGED]));
    assert_snapshot!("baseline_written", folder.nbfix(WRITE));
    assert_snapshot!(
        "baseline_file",
        String::from_utf8(folder.read("nbfix-baseline.json")).unwrap()
    );
    let ran = folder.nbfix(CHECK);
    assert_eq!((ran.code, ran.out().as_str()), (Some(0), ""));
    folder.write("a.ipynb", notebook(&[FLAGGED, FLAGGED]));
    folder.write("b/c.ipynb", notebook(&["x = 2"]));
    assert_snapshot!(
        "baseline_checked",
        folder.nbfix("check --select asyncio-run")
    );
    assert_eq!(folder.nbfix(CHECK).code, Some(1));
    let all = folder.nbfix(&format!("{CHECK} --no-baseline"));
    assert_eq!(lines(&all).len(), 2);
    assert_snapshot!("baseline_written_again", folder.nbfix(WRITE));
    assert_eq!(folder.nbfix(CHECK).out(), "");
    std::fs::remove_file(folder.path("b/c.ipynb")).unwrap();
    assert_eq!(folder.nbfix(CHECK).code, Some(0));
}

#[test]
fn cells_may_move_come_and_run() {
    let cells_before = [
        ("one", "import asyncio"),
        ("two", "asyncio.run(main())"),
        (
            "three",
            "client.responses.create(model=\"gpt-4.1\", input=\"x\")",
        ),
    ];
    let without_ids = |mut file: Value| {
        for cell in cells(&mut file) {
            cell.as_object_mut().unwrap().remove("id");
        }
        file["nbformat_minor"] = json!(4);
        file
    };
    for without in [false, true] {
        let form = |file: Value| if without { without_ids(file) } else { file };
        let folder = Folder::new();
        let mut file = form(with_ids(&cells_before));
        cells(&mut file)[1]["outputs"] = json!([{
            "output_type": "error", "ename": "RuntimeError",
            "evalue": "asyncio.run() cannot be called from a running event loop", "traceback": [],
        }]);
        write(&folder, &file);
        assert!(lines(&folder.nbfix(CHECK)).len() >= 2);
        folder.nbfix(WRITE);
        assert_eq!(folder.nbfix(CHECK).out(), "");
        // Moved.
        cells(&mut file).swap(1, 2);
        write(&folder, &file);
        assert_eq!(folder.nbfix(CHECK).out(), "");
        // Inserted, with lines before what is known.
        let more = form(with_ids(&[("new", "y = 1")]))["cells"][0].clone();
        cells(&mut file).insert(0, more);
        cells(&mut file)[3]["source"] = json!("# The main part\n\nasyncio.run(main())");
        write(&folder, &file);
        assert_eq!(folder.nbfix(CHECK).out(), "");
        // Run again.
        for (count, cell) in cells(&mut file).iter_mut().enumerate() {
            cell["execution_count"] = json!(count + 7);
        }
        cells(&mut file)[0]["outputs"] =
            json!([{"output_type": "stream", "name": "stdout", "text": "1"}]);
        write(&folder, &file);
        assert_eq!(folder.nbfix(CHECK).out(), "");
        // One more of the same, in a cell of its own, is the one that is new.
        let twin = form(with_ids(&[("twin", "asyncio.run(main())")]))["cells"][0].clone();
        cells(&mut file).insert(2, twin);
        write(&folder, &file);
        let new = lines(&folder.nbfix(CHECK));
        assert_eq!(new.len(), 1, "{new:?}");
        // Without an id a cell is what it holds, and the known one holds more now.
        let place = if without {
            "a.ipynb:cell 5:"
        } else {
            "a.ipynb:cell 3:"
        };
        assert!(new[0].starts_with(place), "{new:?}");
        // Another model in the old place is new, too.
        cells(&mut file).remove(2);
        let changed = "client.responses.create(model=\"gpt-5\", input=\"x\")";
        cells(&mut file)[2]["source"] = json!(changed);
        write(&folder, &file);
        let new = lines(&folder.nbfix(CHECK));
        assert!(new.len() == 1 && new[0].contains("`gpt-5`"), "{new:?}");
    }
}

#[test]
fn folders_below_know_it_too() {
    let folder = Folder::new();
    folder
        .write("nbfix.toml", "ignore = ['hardcoded-model']")
        .write(
            "sub/a.ipynb",
            notebook(&[FLAGGED, "r.post(model=\"gpt-4.1\", input=\"x\")"]),
        );
    folder.nbfix(WRITE);
    let check = "check -q --extend-select asyncio-run --ignore undefined-name";
    assert_eq!(folder.nbfix_from("sub", check, &[]).out(), "");
    std::fs::remove_file(folder.path("nbfix.toml")).unwrap();
    let check = "check -q --select asyncio-run";
    assert_eq!(folder.nbfix_from("sub", check, &[]).out(), "");
}

#[test]
fn it_lies_where_the_project_says() {
    let folder = Folder::new();
    folder
        .write("nbfix.toml", "baseline = 'ci/known.json'")
        .write("sub/a.ipynb", notebook(&[FLAGGED]));
    let missing = folder.nbfix(CHECK);
    assert_eq!(missing.code, Some(2));
    assert!(
        missing.err.contains("there is no baseline ci/known.json"),
        "{missing}"
    );
    std::fs::create_dir(folder.path("ci")).unwrap();
    folder.nbfix(WRITE);
    let file: Value = serde_json::from_slice(&folder.read("ci/known.json")).unwrap();
    assert!(file["files"]["../sub/a.ipynb"].is_array(), "{file}");
    assert_eq!(folder.nbfix(CHECK).out(), "");
    let named = folder.nbfix(&format!("{CHECK} --baseline other.json"));
    assert_eq!(named.code, Some(2), "{named}");
    folder.write("ci/known.json", "{\"version\": 1, \"files\": []}");
    let broken = folder.nbfix(CHECK);
    assert_eq!(broken.code, Some(2));
    assert!(
        broken.err.contains("ci/known.json: this is no baseline"),
        "{broken}"
    );
}

#[test]
fn what_was_not_looked_at_stays_known() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED])).write(
        "b.ipynb",
        notebook(&[FLAGGED, "r.post(model=\"gpt-4.1\", input=\"x\")"]),
    );
    folder.nbfix(WRITE);
    folder.nbfix("baseline write a.ipynb --select hardcoded-model");
    assert_eq!(folder.nbfix(CHECK).out(), "");
}

/// A repository with one commit.
fn repository(file: &Value) -> Folder {
    let folder = Folder::new();
    write(&folder, file);
    folder.write("sub/deep/b.ipynb", notebook(&[FLAGGED]));
    folder.git("init -q -b main", "");
    commit(&folder);
    folder
}

fn commit(folder: &Folder) {
    folder.git("add -A", "");
    let ran = folder.git(
        "-c user.name=x -c user.email=x@x.invalid commit -q -m x",
        "",
    );
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn only_cells_that_have_changed() {
    let mut file = with_ids(&[("one", FLAGGED), ("two", "x = 1"), ("three", "y = 2")]);
    let folder = repository(&file);
    let since = format!("{CHECK} --changed-since HEAD");
    let none = folder.nbfix("check --select asyncio-run --changed-since HEAD");
    assert_snapshot!("nothing_changed", none);
    // What has moved has not changed, nor what has run.
    cells(&mut file).swap(0, 2);
    cells(&mut file)[2]["execution_count"] = json!(3);
    write(&folder, &file);
    assert_eq!(folder.nbfix(&since).out(), "");
    cells(&mut file)[1]["source"] = json!("import asyncio\nasyncio.run(x())");
    write(&folder, &file);
    let changed = lines(&folder.nbfix(&since));
    assert!(
        changed.len() == 1 && changed[0].starts_with("a.ipynb:cell 2:"),
        "{changed:?}"
    );
    // New files count whole, tracked or not.
    folder.write("sub/new.ipynb", notebook(&[FLAGGED, "z = 3"]));
    assert_eq!(lines(&folder.nbfix(&since)).len(), 2);
    // From a folder below, and with a file that has another name now.
    folder.git("mv sub/deep/b.ipynb sub/deep/moved.ipynb", "");
    assert_eq!(lines(&folder.nbfix(&since)).len(), 2, "a name is no change");
    folder.write(
        "sub/deep/moved.ipynb",
        notebook(&[FLAGGED, "asyncio.run(z())"]),
    );
    let below = folder.nbfix_from("sub/deep", &since, &[]);
    let below = lines(&below);
    assert!(
        below.len() == 1 && below[0].starts_with("moved.ipynb:cell 2:"),
        "{below:?}"
    );
    commit(&folder);
    let before = lines(&folder.nbfix(&format!("{CHECK} --changed-since HEAD~1")));
    assert_eq!(before.len(), 3, "{before:?}");
}

#[test]
fn git_has_to_know_what_is_meant() {
    let folder = repository(&with_ids(&[("one", FLAGGED)]));
    let unknown = folder.nbfix("check --changed-since no-such-thing");
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown
            .err
            .contains("git knows no revision `no-such-thing`"),
        "{unknown}"
    );
    let option = folder.nbfix("check --changed-since=--output=x");
    assert_eq!(option.code, Some(2));
    let stdin = folder.nbfix_with("check - --changed-since HEAD", notebook(&[FLAGGED]));
    assert_eq!(stdin.code, Some(2));
    let outside = Folder::new();
    outside.write("a.ipynb", notebook(&[FLAGGED]));
    let ran = outside.nbfix("check --changed-since HEAD");
    assert_eq!(ran.code, Some(2), "{ran}");
}
