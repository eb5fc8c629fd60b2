//! What a cell's text is: Python, shell, a file to be written, or something else.

use nbfix_text::TextRange;

/// A cell's text, told apart by the magic of its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Python from `code.start()` on; `magic` is the name of a cell magic such as `time`.
    Python {
        /// The Python part: all of the cell, or what follows the `%%` line.
        code: TextRange,
        /// Name and arguments of a cell magic that runs Python (`%%time`, `%%capture out`).
        magic: Option<(&'a str, &'a str)>,
    },
    /// `%%bash`, `%%sh` and the like: shell lines.
    Shell {
        /// The shell part.
        code: TextRange,
        /// The magic's name.
        magic: &'a str,
    },
    /// `%%writefile NAME`: the text of a file.
    File {
        /// The file's text.
        code: TextRange,
        /// The path as written, quotes taken off.
        path: &'a str,
        /// Whether the text is appended (`-a`).
        append: bool,
    },
    /// Another language, or a magic that nobody here knows.
    Opaque {
        /// The magic's name.
        magic: &'a str,
        /// What stands behind it on its line.
        arguments: &'a str,
    },
}

/// Cell magics whose body is Python that runs in the notebook's own namespace.
const PYTHON_MAGICS: &[&str] = &[
    "time",
    "timeit",
    "capture",
    "prun",
    "debug",
    "memit",
    "mprun",
    "lprun",
    "heat",
    "python_ipc",
    "skip_if",
    "with_timeout",
    "ipytest",
    "snippet",
    "wandb",
    "scalene",
    "pyinstrument",
];
const SHELL_MAGICS: &[&str] = &[
    "bash",
    "sh",
    "system",
    "sx",
    "!",
    "cmd",
    "powershell",
    "pwsh",
];
/// Programs of `%%script` that read the body as shell lines.
const SCRIPT_SHELLS: &[&str] = &[
    "bash",
    "sh",
    "zsh",
    "ksh",
    "dash",
    "cmd",
    "powershell",
    "pwsh",
];
/// Databricks marks whole cells by one `%`.
const ONE_PERCENT_MAGICS: &[&str] = &["sql", "md", "scala", "r", "fs"];
/// What IPython runs without its `%`, if it is the cell's only line.
const AUTOMAGICS: &[&str] = &[
    "pip",
    "conda",
    "mamba",
    "micromamba",
    "uv",
    "cd",
    "ls",
    "pwd",
    "cat",
    "cp",
    "mv",
    "mkdir",
    "rm",
    "rmdir",
    "man",
    "less",
    "more",
    "who",
    "whos",
    "time",
    "timeit",
    "run",
    "load_ext",
    "matplotlib",
    "env",
    "ll",
];

/// Tells apart what `source` holds.
pub fn split(source: &str) -> Body<'_> {
    let all = TextRange::new(0, source.len());
    let start = source.len() - source.trim_start().len();
    let first_end = source[start..]
        .find('\n')
        .map_or(source.len(), |end| start + end);
    let first = source[start..first_end].trim_end();
    let code = TextRange::new((first_end + 1).min(source.len()), source.len());
    if let Some(rest) = first.strip_prefix("%%") {
        let (magic, arguments) = word(rest);
        return cell_magic(magic, arguments, code);
    }
    let (name, arguments) = word(first.strip_prefix('%').unwrap_or_default());
    if ONE_PERCENT_MAGICS.contains(&name) && source.trim_end().len() > first_end {
        return Body::Opaque {
            magic: name,
            arguments,
        };
    }
    if name == "sh" && arguments.is_empty() {
        return Body::Shell { code, magic: name };
    }
    let (name, arguments) = word(first);
    let alone = source[first_end..].trim().is_empty();
    let assigns = arguments.starts_with(['=', '.', '(', ',', ':', '[']);
    if alone && AUTOMAGICS.contains(&name) && !arguments.is_empty() && !assigns {
        return Body::Opaque {
            magic: name,
            arguments,
        };
    }
    Body::Python {
        code: all,
        magic: None,
    }
}

fn cell_magic<'a>(magic: &'a str, arguments: &'a str, code: TextRange) -> Body<'a> {
    if PYTHON_MAGICS.contains(&magic) {
        return Body::Python {
            code,
            magic: Some((magic, arguments)),
        };
    }
    let shell = SHELL_MAGICS.contains(&magic)
        || magic == "script" && SCRIPT_SHELLS.contains(&word(arguments).0);
    if shell {
        return Body::Shell { code, magic };
    }
    if matches!(magic, "writefile" | "file") {
        let mut append = false;
        let mut path = "";
        for argument in arguments.split_whitespace() {
            match argument {
                "-a" | "--append" => append = true,
                other => path = other,
            }
        }
        let path = path.trim_matches(['"', '\'']);
        return Body::File { code, path, append };
    }
    Body::Opaque { magic, arguments }
}

/// The first word of `text` and what follows it, trimmed.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_apart_by_their_first_line() {
        let python = |source| matches!(split(source), Body::Python { magic: None, .. });
        assert!(python("x = 1\n"));
        assert!(python("%matplotlib inline\nx = 1"));
        assert!(python("time = 3"));
        assert!(
            python("pip install x\nimport x"),
            "automagic needs a cell of its own"
        );
        assert!(matches!(
            split("pip install x"),
            Body::Opaque { magic: "pip", .. }
        ));
        assert!(matches!(
            split("%sql\nSELECT 1"),
            Body::Opaque { magic: "sql", .. }
        ));
        assert!(matches!(
            split("%%html\n<b>"),
            Body::Opaque { magic: "html", .. }
        ));
        assert!(matches!(
            split("\n%%bash\naz login"),
            Body::Shell { magic: "bash", .. }
        ));
        assert!(matches!(
            split("%%script bash --bg\naz"),
            Body::Shell { .. }
        ));
        let source = "%%time\nx = 1";
        assert_eq!(
            split(source),
            Body::Python {
                code: TextRange::new(7, 12),
                magic: Some(("time", ""))
            }
        );
        assert_eq!(
            split("%%writefile -a 'src/app.py'\nimport os"),
            Body::File {
                code: TextRange::new(28, 37),
                path: "src/app.py",
                append: true
            }
        );
        assert_eq!(
            split(""),
            Body::Python {
                code: TextRange::new(0, 0),
                magic: None
            }
        );
    }
}
