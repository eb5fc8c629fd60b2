//! A pattern's holes, written as names, so that Python's own parser can read it.

/// What stands for `$` in the text that is parsed. No user writes such names.
pub(crate) const ONE: &str = "__hole_one_";
/// What stands for `$$$`.
pub(crate) const MANY: &str = "__hole_many_";

/// A text with names for its holes, and the way back to the text that was given.
#[derive(Debug)]
pub(crate) struct Spelled {
    pub(crate) text: String,
    /// Where the two texts part: offset here, offset there. Sorted.
    marks: Vec<(usize, usize)>,
}

impl Spelled {
    /// Writes holes as names. With `dots`, `...` outside of strings is a nameless hole too.
    pub(crate) fn of(given: &str, dots: bool) -> Self {
        let mut writer = Writer {
            given,
            at: 0,
            dicts: if dots { dicts(given) } else { Vec::new() },
            out: Self {
                text: String::with_capacity(given.len() + 16),
                marks: Vec::new(),
            },
        };
        writer.write(dots);
        writer.out
    }

    /// Puts a text in front that nobody gave.
    pub(crate) fn behind(mut self, front: &str) -> Self {
        for (here, _) in &mut self.marks {
            *here += front.len();
        }
        self.marks.insert(0, (front.len(), 0));
        self.text.insert_str(0, front);
        self
    }

    /// The offset in the given text that belongs to `offset` of this one.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let before = self.marks.iter().rev().find(|(here, _)| *here <= offset);
        before.map_or(offset.min(self.first_mark()), |(here, there)| {
            there + (offset - here)
        })
    }

    fn first_mark(&self) -> usize {
        self.marks.first().map_or(usize::MAX, |(_, there)| *there)
    }
}

struct Writer<'t> {
    given: &'t str,
    at: usize,
    /// Offsets of many-holes that stand for entries of a dict.
    dicts: Vec<usize>,
    out: Spelled,
}

impl Writer<'_> {
    fn rest(&self) -> &str {
        self.given.get(self.at..).unwrap_or_default()
    }

    /// Writes `text` for the next `length` bytes.
    fn put(&mut self, text: &str, length: usize) {
        self.out.text.push_str(text);
        self.at += length;
        if text.len() != length {
            self.out.marks.push((self.out.text.len(), self.at));
        }
    }

    fn write(&mut self, dots: bool) {
        let mut quotes = Quotes::default();
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            // In a template holes stand in comments, too.
            if dots && let Some(length) = quotes.step(rest) {
                let text = rest.get(..length).unwrap_or_default().to_owned();
                self.put(&text, length);
            } else if let Some(name) = rest.strip_prefix("$$$") {
                let stars = if self.dicts.contains(&self.at) {
                    "**"
                } else {
                    ""
                };
                let length = 3 + identifier(name).len();
                let text = format!("{stars}{MANY}{}", identifier(name));
                self.put(&text, length);
            } else if rest.starts_with("$$") {
                self.put("$", 2);
            } else if let Some(name) = rest.strip_prefix('$').map(identifier)
                && !name.is_empty()
            {
                let text = format!("{ONE}{name}");
                let length = 1 + name.len();
                self.put(&text, length);
            } else if dots && !quotes.inside() && rest.starts_with("...") && !self.is_relative() {
                let stars = if self.dicts.contains(&self.at) {
                    "**"
                } else {
                    ""
                };
                let text = format!("{stars}{MANY}");
                self.put(&text, 3);
            } else {
                let length = next.len_utf8();
                let text = rest.get(..length).unwrap_or_default().to_owned();
                self.put(&text, length);
            }
        }
    }

    /// Whether the dots are those of `from ...package import name`.
    fn is_relative(&self) -> bool {
        let line = self.out.text.rsplit('\n').next().unwrap_or_default();
        line.trim() == "from"
    }
}

/// Whether we stand in a string.
#[derive(Default)]
struct Quotes {
    open: Option<&'static str>,
}

impl Quotes {
    fn inside(&self) -> bool {
        self.open.is_some()
    }

    /// Goes over a quote, an escape in a string or a comment; gives how long it is.
    fn step(&mut self, rest: &str) -> Option<usize> {
        if let Some(open) = self.open {
            if rest.starts_with('\\') {
                let length: usize = rest.chars().take(2).map(char::len_utf8).sum();
                return Some(length);
            }
            if rest.starts_with(open) {
                self.open = None;
                return Some(open.len());
            }
            return None;
        }
        let quote = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quote| rest.starts_with(quote));
        if let Some(quote) = quote {
            self.open = Some(quote);
            return Some(quote.len());
        }
        rest.starts_with('#')
            .then(|| rest.find('\n').unwrap_or(rest.len()))
    }
}

/// The name that `text` starts with; empty if it starts with a digit.
pub(crate) fn identifier(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The offsets of the many-holes that stand alone between commas in braces which hold a `:` as well.
fn dicts(given: &str) -> Vec<usize> {
    struct Bracket {
        is_brace: bool,
        has_colon: bool,
        holes: Vec<usize>,
    }
    let mut open: Vec<Bracket> = Vec::new();
    let mut found = Vec::new();
    let mut quotes = Quotes::default();
    let mut at = 0;
    let mut last = ' ';
    while let Some(rest) = given.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(length) = quotes.step(rest) {
            at += length;
            last = '"';
            continue;
        }
        let next = rest.chars().next().unwrap_or(' ');
        let mut length = next.len_utf8();
        if !quotes.inside() {
            match next {
                '(' | '[' | '{' => open.push(Bracket {
                    is_brace: next == '{',
                    has_colon: false,
                    holes: Vec::new(),
                }),
                ')' | ']' | '}' => {
                    if let Some(bracket) = open.pop().filter(|b| b.is_brace && b.has_colon) {
                        found.extend(bracket.holes);
                    }
                }
                ':' => {
                    if let Some(bracket) = open.last_mut() {
                        bracket.has_colon = true;
                    }
                }
                _ => {}
            }
            let hole = rest
                .strip_prefix("$$$")
                .map(|name| 3 + identifier(name).len())
                .or_else(|| rest.starts_with("...").then_some(3));
            if let Some(hole) = hole {
                let after = rest.get(hole..).unwrap_or_default().trim_start();
                if matches!(last, '{' | ',')
                    && after.starts_with(['}', ','])
                    && let Some(bracket) = open.last_mut()
                {
                    bracket.holes.push(at);
                }
                length = hole;
            }
        }
        if !next.is_whitespace() {
            last = next;
        }
        at += length;
    }
    found
}
