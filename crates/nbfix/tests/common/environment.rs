//! Python environments, made once and kept with the build.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The folder with the programs of an environment that has these packages; it is made when nobody has made it before.
/// `what` is what it is for.
pub(crate) fn programs(what: &str, packages: &[&str]) -> PathBuf {
    let mut name = packages.join("-").replace('=', "");
    if name.len() > 80 {
        // Names of folders have an end.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        name = format!("{:016x}", hasher.finish());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{what}-{name}"));
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let done = folder.join("done");
    // Tests of several runs may want it at once; the first makes it.
    let lock = folder.with_extension("lock");
    while !done.exists() {
        if fs::create_dir_all(lock.parent().unwrap()).is_ok() && fs::create_dir(&lock).is_ok() {
            let _ = fs::remove_dir_all(&folder);
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
            run(Command::new(programs.join("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(packages));
            fs::write(&done, "").unwrap();
            fs::remove_dir(&lock).unwrap();
        } else {
            let age = fs::metadata(&lock)
                .and_then(|it| it.modified())
                .ok()
                .and_then(|it| it.elapsed().ok());
            if age.is_some_and(|age| age > Duration::from_secs(600)) {
                // Whoever began it is gone.
                let _ = fs::remove_dir(&lock);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    programs
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}
