//! Which files are looked at.

use crate::support::{APP, FLAGGED, Folder, notebook};

/// The files in which something was found, in the order of the output.
fn found(folder: &Folder, arguments: &str) -> Vec<String> {
    let line = "check -q --output-format concise --select asyncio-run,auth-level-case";
    let ran = folder.nbfix(&format!("{line} {arguments}"));
    assert_eq!(ran.err, "");
    let mut names: Vec<String> = Vec::new();
    for line in ran.out().lines() {
        let name = line.split(':').next().unwrap_or_default();
        names.push(name.replace('\\', "/"));
    }
    names
}

#[test]
fn notebooks_below_a_folder_in_order() {
    let folder = Folder::new();
    for name in [
        "b.ipynb",
        "a/z.IPYNB",
        "a/b/c.ipynb",
        "a.txt",
        "a-b.ipynb",
        "notebook.json",
    ] {
        folder.write(name, notebook(&[FLAGGED]));
    }
    let all = ["a/b/c.ipynb", "a/z.IPYNB", "a-b.ipynb", "b.ipynb"];
    assert_eq!(found(&folder, ""), all);
    assert_eq!(found(&folder, "--jobs 1"), all);
    assert_eq!(
        found(&folder, "b.ipynb ./a"),
        ["a/b/c.ipynb", "a/z.IPYNB", "b.ipynb"]
    );
}

#[test]
fn what_was_named_is_looked_at_whatever_it_is_called() {
    let folder = Folder::new();
    folder
        .write("notebook.json", notebook(&[FLAGGED]))
        .write("plain.py", APP)
        .write(".gitignore", "*.json\nbuild/\n")
        .write("build/made.ipynb", notebook(&[FLAGGED]));
    assert_eq!(
        found(&folder, "notebook.json plain.py"),
        ["notebook.json", "plain.py"]
    );
    assert_eq!(found(&folder, "build"), ["build/made.ipynb"]);
}

#[test]
fn each_file_once() {
    let folder = Folder::new();
    folder.write("a/x.ipynb", notebook(&[FLAGGED]));
    assert_eq!(
        found(&folder, "a . a/x.ipynb ./a/../a/x.ipynb"),
        ["a/x.ipynb"]
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("x.ipynb", folder.path("a/link.ipynb")).unwrap();
        assert_eq!(found(&folder, ""), ["a/link.ipynb"]);
        assert_eq!(found(&folder, "a/x.ipynb"), ["a/x.ipynb"]);
    }
}

#[test]
fn copies_and_what_others_wrote_are_skipped() {
    let folder = Folder::new();
    folder
        .write(
            ".ipynb_checkpoints/a-checkpoint.ipynb",
            notebook(&[FLAGGED]),
        )
        .write(
            "sub/.ipynb_checkpoints/a-checkpoint.ipynb",
            notebook(&[FLAGGED]),
        )
        .write("node_modules/x/a.ipynb", notebook(&[FLAGGED]))
        .write("venv/lib/site-packages/a.ipynb", notebook(&[FLAGGED]))
        .write(".hidden/a.ipynb", notebook(&[FLAGGED]))
        .write("mine.ipynb", notebook(&[FLAGGED]));
    assert_eq!(found(&folder, ""), ["mine.ipynb"]);
    assert_eq!(found(&folder, "--no-respect-gitignore"), ["mine.ipynb"]);
}

#[test]
fn gitignore_holds_outside_of_repositories_too() {
    let folder = Folder::new();
    folder
        .write(".gitignore", "drafts/\n")
        .write("drafts/a.ipynb", notebook(&[FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED]));
    assert_eq!(found(&folder, ""), ["b.ipynb"]);
    assert_eq!(
        found(&folder, "--no-respect-gitignore"),
        ["b.ipynb", "drafts/a.ipynb"]
    );
}

#[test]
fn python_files_of_function_apps() {
    let folder = Folder::new();
    folder
        .write("app/host.json", "{}")
        .write("app/function_app.py", APP)
        .write("app/shared/names.py", APP)
        .write("alone/function_app.py", APP)
        .write("alone/other.py", APP)
        .write("script.py", APP);
    let apps = [
        "alone/function_app.py",
        "app/function_app.py",
        "app/shared/names.py",
    ];
    assert_eq!(found(&folder, ""), apps);
    let below = folder.nbfix("check app/shared");
    assert_eq!(below.err, "warning: no notebook found\n");
}

#[test]
fn that_there_is_nothing_is_said() {
    let folder = Folder::new();
    let ran = folder.nbfix("check");
    assert_eq!(ran.code, Some(0));
    assert_eq!(ran.err, "warning: no notebook found\n");
    assert_eq!(ran.out(), "");
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_told() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&["x = 1"]));
    std::os::unix::fs::symlink("nowhere", folder.path("b.ipynb")).unwrap();
    let ran = folder.nbfix("check");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("error: b.ipynb: "), "{ran}");
}
