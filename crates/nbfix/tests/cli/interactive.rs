//! `nbfix fix --interactive`.

use std::fs;

use insta::assert_snapshot;

use crate::support::{FLAGGED, Folder, notebook};

const LINE: &str = "fix --interactive --unsafe --select asyncio-run";
const MENDED: &str = "import asyncio\nawait main()";

/// What the three cells of a notebook hold after these answers.
fn after(answers: &str) -> (Vec<&'static str>, Folder) {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED, FLAGGED, FLAGGED]));
    folder.nbfix_with(LINE, answers);
    let bytes = folder.read("a.ipynb");
    for bits in 0..8 {
        let cell = |at: u8| {
            if bits >> at & 1 == 1 { MENDED } else { FLAGGED }
        };
        let cells: Vec<&str> = (0..3).map(cell).collect();
        if notebook(&cells).as_bytes() == bytes {
            return (cells, folder);
        }
    }
    panic!("{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn each_fix_is_shown_and_asked_about() {
    let folder = Folder::new();
    folder
        .write("a.ipynb", notebook(&[FLAGGED, FLAGGED]))
        .write("b.ipynb", notebook(&[FLAGGED]));
    assert_snapshot!("session", folder.nbfix_with(LINE, "?\ny\nn\ny\n"));
    assert_eq!(
        folder.read("a.ipynb"),
        notebook(&[MENDED, FLAGGED]).as_bytes()
    );
    assert_eq!(folder.read("b.ipynb"), notebook(&[MENDED]).as_bytes());
    // What was accepted can be taken back like everything else.
    assert_eq!(folder.nbfix("undo -q").code, Some(0));
    assert_eq!(
        folder.read("a.ipynb"),
        notebook(&[FLAGGED, FLAGGED]).as_bytes()
    );
}

#[test]
fn what_the_letters_do() {
    assert_eq!(after("y\ny\ny\n").0, [MENDED, MENDED, MENDED]);
    assert_eq!(after("n\ny\nn\n").0, [FLAGGED, MENDED, FLAGGED]);
    assert_eq!(after("n\na\n").0, [FLAGGED, MENDED, MENDED]);
    assert_eq!(after("y\nd\n").0, [MENDED, FLAGGED, FLAGGED]);
    assert_eq!(after("y\nq\n").0, [MENDED, FLAGGED, FLAGGED]);
    // Nobody answers any more.
    assert_eq!(after("y\n").0, [MENDED, FLAGGED, FLAGGED]);
    assert_eq!(after("").0, [FLAGGED, FLAGGED, FLAGGED]);
}

#[test]
fn the_letters_hold_for_one_file() {
    for (answers, second) in [("a\nn\n", FLAGGED), ("d\ny\n", MENDED), ("q\ny\n", FLAGGED)] {
        let folder = Folder::new();
        folder
            .write("a.ipynb", notebook(&[FLAGGED]))
            .write("b.ipynb", notebook(&[second, FLAGGED]));
        folder.nbfix_with(LINE, answers);
        let last = match answers {
            "d\ny\n" => MENDED,
            _ => FLAGGED,
        };
        let expected = notebook(&[second, last]);
        assert_eq!(folder.read("b.ipynb"), expected.as_bytes(), "{answers}");
    }
}

#[test]
fn what_is_declined_stands_in_the_report() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED, FLAGGED]));
    folder.nbfix_with(&format!("{LINE} --report report.json"), "n\nq\n");
    let report = String::from_utf8(folder.read("report.json")).unwrap();
    assert!(report.contains("it was declined"), "{report}");
    assert!(report.contains("nobody was asked"), "{report}");
}

#[test]
fn a_terminal_is_asked() {
    let folder = Folder::new();
    folder.write("a.ipynb", notebook(&[FLAGGED, FLAGGED]));
    let python = "import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
shown = b''
answers = [b'n\\n', b'y\\n']
while True:
    try:
        some = os.read(fd, 1024)
    except OSError:
        break
    if not some:
        break
    shown += some
    if shown.count(b'[y,n,a,d,q,?]?') > 2 - len(answers) and answers:
        os.write(fd, answers.pop(0))
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
";
    let nbfix = folder.command("");
    let mut command = std::process::Command::new("python3");
    command
        .args(["-c", python])
        .arg(nbfix.get_program())
        .args(LINE.split_whitespace())
        .env("TERM", "xterm")
        .env("NBFIX_STATE_DIR", folder.state());
    let ran = crate::support::run(&mut command, &folder.path(""), b"");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(
        String::from_utf8(fs::read(folder.path("a.ipynb")).unwrap()).unwrap(),
        notebook(&[FLAGGED, MENDED]),
        "{ran}"
    );
    assert!(ran.out().contains("\u{1b}["), "colours: {ran}");
}
