//! `nbfix new-rule`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use nbfix_rules::find;

use crate::arguments::{ConfigArguments, NewRuleArguments};
use crate::inputs::shown;
use crate::outcome::Exit;
use crate::project::config_here;
use crate::rulebook::better_name;
use crate::terminal::{Terminal, reason};

/// The page that everybody begins with. It works as it is.
const PAGE: &str = include_str!("new_rule.toml");

/// First words that name the remedy, or nothing at all. `allow no-print` says the opposite of what it does.
const REMEDIES: [&str; 12] = [
    "avoid", "ban", "check", "disallow", "dont", "find", "forbid", "never", "no", "prefer",
    "require", "use",
];

/// Writes a page to begin with.
pub(crate) fn new_rule(arguments: &NewRuleArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let name = arguments.name.as_str();
    fits(name)?;
    let path = arguments.dir.join(format!("{name}.toml"));
    fs::create_dir_all(&arguments.dir)
        .map_err(|error| anyhow!("{}: {}", shown(&arguments.dir), reason(&error)))?;
    write_new(&path)?;
    let test = match arguments.dir == Path::new("nbfix-rules") {
        true => "nbfix test".to_owned(),
        false => format!("nbfix test {}", shown(&arguments.dir)),
    };
    let mut text = format!(
        "{} works as it is. Edit it, and try it with `{test}`.\n",
        shown(&path)
    );
    if !is_configured(&arguments.dir) {
        text.push_str(&format!(
            "For `nbfix check` to use it, say so in nbfix.toml:\n\n[rules]\npaths = [\"{}/\"]\n",
            shown(&arguments.dir).trim_end_matches('/')
        ));
    }
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}

/// Whether a rule may be called so.
fn fits(name: &str) -> anyhow::Result<()> {
    if let Some(meant) = better_name(name) {
        bail!(
            "`{name}` is no name for a rule, which is lower-case words with hyphens: how about `{meant}`?"
        );
    }
    if let Some((first, rest)) = name.split_once('-')
        && REMEDIES.contains(&first)
    {
        bail!(
            "`{name}` does not read well after \"allow\", where people will write it: name what is found, not what to \
             do about it: how about `{rest}`?"
        );
    }
    if find(name).is_some() {
        bail!("there is a built-in rule `{name}`; `nbfix explain {name}` prints its page");
    }
    Ok(())
}

/// Writes the page; a file that is there stays as it is.
fn write_new(path: &Path) -> anyhow::Result<()> {
    use std::io::Write;
    let mut file = match fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already, and stays as it is", shown(path))
        }
        Err(error) => bail!("{}: {}", shown(path), reason(&error)),
    };
    file.write_all(PAGE.as_bytes()).with_context(|| shown(path))
}

/// Whether `nbfix.toml` names this folder. A configuration that cannot be read is told by the next command.
fn is_configured(dir: &Path) -> bool {
    let Ok(config) = config_here(&ConfigArguments::default()) else {
        return true;
    };
    let real = dir.canonicalize().ok();
    config
        .rules
        .iter()
        .any(|path| path.value.canonicalize().ok() == real)
}
