//! Reading a stored traceback: the line of the cell that it names, and the exceptions that led to the last one.

use std::sync::LazyLock;

use nbfix_text::TextRange;
use regex::Regex;

/// What parts the exceptions of a chain. The last one ended the cell, those before it led to it.
const CHAINED: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

/// The line of a cell that an error came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) range: TextRange,
    pub(crate) known: Known,
}

/// How the line of an error is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// The traceback names it, and it stands there.
    Named,
    /// The traceback gives its number, and nothing of its text that could be compared.
    Numbered,
    /// The traceback names a line that the cell does not hold any more.
    Changed,
    /// The traceback names none.
    Unknown,
}

/// The line that the traceback names in the frame of the cell itself; without one, the first that is no comment.
pub(crate) fn line_of(source: &str, traceback: &str) -> Line {
    let first = |known| Line {
        range: first_line(source),
        known,
    };
    let last = CHAINED
        .iter()
        .filter_map(|words| traceback.rfind(words))
        .max();
    let last = last.and_then(|at| traceback.get(at..));
    let Some((number, code)) = last.and_then(own_frame).or_else(|| own_frame(traceback)) else {
        return first(Known::Unknown);
    };
    let lines = || source.split('\n').map(str::trim).enumerate();
    let squeezed_code = code.map(squeezed).filter(|code| !code.is_empty());
    let is_same = |(_, line): &(usize, &str)| {
        squeezed_code
            .as_ref()
            .is_some_and(|code| squeezed(line) == *code)
    };
    let there = number.checked_sub(1).and_then(|number| lines().nth(number));
    if let Some((index, _)) = there.filter(is_same).or_else(|| lines().find(is_same)) {
        return Line {
            range: line_range(source, index).unwrap_or_default(),
            known: Known::Named,
        };
    }
    if let Some(index) = squeezed_code.and_then(|code| broken(source, &code)) {
        return Line {
            range: line_range(source, index).unwrap_or_default(),
            known: Known::Named,
        };
    }
    // A magic's line stands in the traceback as the call that IPython makes of it; any other difference means that
    // the cell has changed since.
    let is_magic = code.is_none_or(|code| code.is_empty() || code.contains("get_ipython()"));
    match there.filter(|(_, line)| is_magic && !line.is_empty()) {
        Some((index, _)) => Line {
            range: line_range(source, index).unwrap_or_default(),
            known: Known::Numbered,
        },
        None if is_magic => first(Known::Unknown),
        None => first(Known::Changed),
    }
}

/// Code without what formatters change: white space, the sort of the quotes, and the comma at the end of a list. Code that
/// differs in nothing else has not changed.
fn squeezed(code: &str) -> String {
    let kept = code
        .chars()
        .filter(|char| !char.is_whitespace() && *char != ',');
    kept.map(|char| if char == '\'' { '"' } else { char })
        .collect()
}

/// The first of the lines into which a formatter has broken this code, from 0.
fn broken(source: &str, code: &str) -> Option<usize> {
    let lines: Vec<String> = source.split('\n').map(squeezed).collect();
    let is_start = |index: &usize| {
        let mut rest = code;
        for line in lines.iter().skip(*index) {
            match rest.strip_prefix(line.as_str()) {
                Some("") => return true,
                Some(more) if !line.is_empty() || rest.len() < code.len() => rest = more,
                _ => return false,
            }
        }
        false
    };
    (0..lines.len()).find(is_start)
}

/// The line number in the cell's own frame, and the code that stood there.
fn own_frame(traceback: &str) -> Option<(usize, Option<&str>)> {
    static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let cell = r#"(?:Cell In ?\[\d+\]|Input In \[\d+\]|"?<ipython-input-[^>\n]*>"?|\S*ipykernel_\d+[\\/]\d+\.py"?|\S*ipython-input-\S*\.py"?|"[^"\n]*\.ipynb[^"\n]*")"#;
        let place = r"(?:, line (\d+)|:(\d+))?";
        let frame = r"(?:,? in (?:<module>|<cell line: \d+>|async-def-wrapper)\S*)?";
        Regex::new(&format!(r"(?m)^\s*(?:File )?{cell}{place}{frame}\s*$")).ok()
    });
    static ARROW: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^-+> ?(\d+)(?: (.*))?$").ok());
    let head = HEAD.as_ref()?.captures(traceback)?;
    let rest = traceback
        .get(head.get(0)?.end()..)?
        .trim_start_matches('\n');
    let frame = rest.split("\n\n").next().unwrap_or(rest);
    if let Some(arrow) = ARROW.as_ref()?.captures(frame) {
        let code = arrow.get(2).map_or("", |code| code.as_str());
        return Some((arrow.get(1)?.as_str().parse().ok()?, Some(code.trim())));
    }
    let number = head.get(1).or_else(|| head.get(2))?;
    Some((number.as_str().parse().ok()?, None))
}

/// The exceptions that led to the last one: name and text, the innermost (that which came first) first. Those of an
/// exception group come before the others.
pub(crate) fn causes(traceback: &str) -> Vec<(&str, &str)> {
    static GROUPED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^\s+\| ([A-Za-z_][\w.]*): (.+)$").ok());
    let mut found = Vec::new();
    if let Some(grouped) = GROUPED.as_ref() {
        let each = grouped.captures_iter(traceback).filter_map(|found| {
            let (name, text) = (found.get(1)?.as_str(), found.get(2)?.as_str());
            (is_exception(name) && !name.ends_with("ExceptionGroup")).then_some((name, text))
        });
        found.extend(each);
        // The deepest of nested groups stand last.
        found.reverse();
    }
    let mut rest = traceback;
    while let Some((at, length)) = CHAINED
        .iter()
        .filter_map(|words| Some((rest.find(words)?, words.len())))
        .min()
    {
        found.extend(said_last(&rest[..at]));
        rest = &rest[at + length..];
    }
    found.iter_mut().for_each(|(name, _)| {
        *name = name.rsplit('.').next().unwrap_or(name);
    });
    found
}

/// The exception that a traceback ends with, in its last paragraph.
fn said_last(traceback: &str) -> Option<(&str, &str)> {
    static SAID: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^([A-Za-z_][\w.]*)(?:: ([\s\S]*))?\z").ok());
    let text = traceback.trim_end();
    let paragraph = text.rfind("\n\n").map_or(0, |at| at + 2);
    let within = |text| {
        let found = SAID.as_ref()?.captures(text)?;
        let name = found.get(1)?.as_str();
        is_exception(name).then(|| (name, found.get(2).map_or("", |text| text.as_str())))
    };
    within(&text[paragraph..]).or_else(|| {
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        within(&text[line..])
    })
}

/// Whether a word looks like an exception's name: capitals and no blanks.
fn is_exception(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') && last.len() > 3
        || matches!(last, "gaierror" | "timeout")
}

/// The first line that is no comment.
pub(crate) fn first_line(source: &str) -> TextRange {
    let is_code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let index = source.split('\n').position(is_code).unwrap_or(0);
    line_range(source, index).unwrap_or_default()
}

/// The line at `index`, from 0, without the white space around it.
fn line_range(source: &str, index: usize) -> Option<TextRange> {
    let line = source.split('\n').nth(index)?;
    let start = source
        .split('\n')
        .take(index)
        .map(|line| line.len() + 1)
        .sum::<usize>();
    let text = line.trim_start();
    let start = start + line.len() - text.len();
    Some(TextRange::new(start, start + text.trim_end().len()))
}

#[cfg(test)]
mod tests {
    use super::causes;

    #[test]
    fn the_innermost_cause_comes_first() {
        let traceback = "\
ConnectError                              Traceback (most recent call last)
File /lib/httpcore/sync.py:1, in f()
----> 1 raise x

ConnectError: [Errno -2] Name or service not known

The above exception was the direct cause of the following exception:

APIConnectionError                        Traceback (most recent call last)
Cell In[1], line 1
----> 1 ask()

APIConnectionError: Connection error.

During handling of the above exception, another exception occurred:

RuntimeError                              Traceback (most recent call last)
RuntimeError: no answer";
        assert_eq!(
            causes(traceback),
            [
                ("ConnectError", "[Errno -2] Name or service not known"),
                ("APIConnectionError", "Connection error."),
            ]
        );
    }

    #[test]
    fn the_members_of_a_group_are_its_causes() {
        let traceback = "\
  + Exception Group Traceback (most recent call last):
  |   File \"/lib/x.py\", line 3, in <module>
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    | httpx.ConnectError: All connection attempts failed
    +------------------------------------";
        assert_eq!(
            causes(traceback),
            [("ConnectError", "All connection attempts failed")]
        );
    }

    #[test]
    fn no_chain_no_cause() {
        assert_eq!(causes("KeyError: 'A'"), []);
    }
}
