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
    let own = last
        .and_then(|last| timed_frame(source, last))
        .or_else(|| timed_frame(source, traceback))
        .or_else(|| last.and_then(own_frame))
        .or_else(|| own_frame(traceback));
    let Some((number, code)) = own else {
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

/// The line number in the frame of a `%%time` cell, whose lines are counted from the first below the magic's.
fn timed_frame<'t>(source: &str, traceback: &'t str) -> Option<(usize, Option<&'t str>)> {
    static FRAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let place = r#"<timed exec>(?::|", line )(\d+)"#;
        Regex::new(&format!(
            r#"(?m)^\s*(?:File )?"?{place}(?:,? in <module>\S*)?\s*$"#
        ))
        .ok()
    });
    let number: usize = FRAME
        .as_ref()?
        .captures(traceback)?
        .get(1)?
        .as_str()
        .parse()
        .ok()?;
    let lines: Vec<&str> = source.split('\n').collect();
    let magic = lines.iter().position(|line| !line.trim().is_empty())?;
    let body = lines.get(magic..)?;
    let is_timed = body.first()?.trim_start().starts_with("%%time");
    let blank = body
        .iter()
        .skip(1)
        .take_while(|line| line.trim().is_empty());
    is_timed.then(|| (magic + 1 + blank.count() + number, None))
}

/// Whether a kernel that was interrupted there stood still: it waited for an answer, for a while, or for somebody to
/// type. What it did instead was work, and whoever stopped it had seen enough.
pub(crate) fn waited(traceback: &str) -> bool {
    static NETWORK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let parts = r"\b(?:ssl|socket)\.py|_sslobj|\b(?:urllib3?|requests|httpx|httpcore|aiohttp|grpc|websockets?|anyio)[\\/]|[\\/]http[\\/]client\.py";
        Regex::new(parts).ok()
    });
    static WAITS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let calls = r"\bsleep\w*\(|\b(?:raw_)?input\(|\bgetpass\(|_input_request|\bstdin\b";
        Regex::new(calls).ok()
    });
    static ARROW: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^-+> ?\d+.*$").ok());
    let (Some(network), Some(waits), Some(arrow)) =
        (NETWORK.as_ref(), WAITS.as_ref(), ARROW.as_ref())
    else {
        return false;
    };
    let frames = traceback.split("\n\n");
    let Some((frame, line)) = frames
        .filter_map(|frame| Some((frame, arrow.find(frame)?.as_str())))
        .last()
    else {
        return false;
    };
    let head = frame.split('\n').find(|line| !line.trim().is_empty());
    let place = head.unwrap_or_default();
    // Threads wait for one another, and of what the other does only the frames around tell.
    let hands_over = ["threading.py", "selectors.py", "asyncio"]
        .iter()
        .any(|module| place.contains(module));
    waits.is_match(line)
        || network.is_match(place)
        || network.is_match(line)
        || hands_over && network.is_match(traceback)
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
    use super::{causes, line_of, waited};

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
    fn the_lines_of_a_timed_cell_are_counted_below_its_magic() {
        let source = "%%time\n\nx = 1\nask(x)\n";
        let named = |traceback| line_of(source, traceback).range.of(source);
        assert_eq!(named("File <timed exec>:2\n\nValueError: x"), "ask(x)");
        assert_eq!(named("File <timed exec>:2, in <module>\n"), "ask(x)");
        assert_eq!(named("File <timed exec>:1, in other(y)\n"), "%%time");
        assert_eq!(
            line_of("ask(x)", "File <timed exec>:1\n")
                .range
                .of("ask(x)"),
            "ask(x)"
        );
    }

    #[test]
    fn who_waits_and_who_works() {
        let frame = |place: &str, line: &str| {
            waited(&format!(
                "KeyboardInterrupt  Traceback (most recent call last)\nCell In[1], line 1\n----> 1 run()\n\n\
                 {place}\n   1099 if x:\n-> 1100     {line}\n   1101 y\n\nKeyboardInterrupt: "
            ))
        };
        assert!(frame(
            "File /lib/ssl.py:1100, in read(self)",
            "return self._sslobj.read(len, buffer)"
        ));
        assert!(frame("Cell In[1], line 3", "time.sleep(100)"));
        assert!(frame(
            "File /lib/ipykernel/kernelbase.py:1, in f",
            "return self._input_request(x)"
        ));
        assert!(!frame(
            "File /lib/torch/_tensor.py:1142, in f",
            "ret = func(*args, **kwargs)"
        ));
        assert!(!frame(
            "File /lib/threading.py:316, in wait",
            "gotit = waiter.acquire(True)"
        ));
        assert!(!waited("KeyboardInterrupt: "));
        let around = "File /lib/grpc/_common.py:1, in wait\n----> 1 x.wait()\n\n\
                      File /lib/threading.py:316, in wait\n--> 316 waiter.acquire()\n\nKeyboardInterrupt: ";
        assert!(waited(around));
    }

    #[test]
    fn no_chain_no_cause() {
        assert_eq!(causes("KeyError: 'A'"), []);
    }
}
