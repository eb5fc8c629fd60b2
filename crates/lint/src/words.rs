//! Commands and magics with holes: words that are matched against words.

use std::borrow::Cow;

use nbfix_pattern::{Bound, PatternError};
use nbfix_python::shell::Word;
use nbfix_text::TextRange;

/// A line of words with holes.
#[derive(Debug)]
pub(crate) struct WordPattern {
    /// The words that stand before the first option, in order.
    words: Vec<WordHole>,
    /// Options with the values that the pattern writes behind them; these may stand anywhere behind the named words.
    options: Vec<Vec<WordHole>>,
}

/// One word of a pattern.
#[derive(Debug)]
enum WordHole {
    /// `$$$name` or `...`: any words.
    Many(String),
    /// The text itself.
    Plain(String),
    /// `before$name`, `$name=$value`: texts and holes in turn, from a text that may be empty.
    Holes {
        first: String,
        /// Each hole, and the text behind it.
        then: Vec<(String, String)>,
    },
}

impl WordPattern {
    /// Reads a line. With `ordered`, options stand where they are written.
    pub(crate) fn parse(text: &str, ordered: bool) -> Result<Self, PatternError> {
        let mut words = Vec::new();
        let mut options: Vec<Vec<WordHole>> = Vec::new();
        let mut at = 0;
        for word in text.split_inclusive(char::is_whitespace) {
            let offset = at;
            at += word.len();
            let word = word.trim_end();
            if word.is_empty() {
                continue;
            }
            let hole = WordHole::parse(word, offset)?;
            let is_many = matches!(hole, WordHole::Many(_));
            if word.starts_with('-') && !ordered {
                options.push(vec![hole]);
            } else if let Some(option) = options.last_mut().filter(|_| !is_many) {
                option.push(hole);
            } else {
                words.push(hole);
            }
        }
        match words.first() {
            Some(WordHole::Plain(_)) => Ok(Self { words, options }),
            _ => Err(PatternError {
                message: "the first word is the name of a program or magic".to_owned(),
                offset: 0,
            }),
        }
    }

    /// The program or magic.
    pub(crate) fn name(&self) -> &str {
        match self.words.first() {
            Some(WordHole::Plain(name)) => name,
            _ => "",
        }
    }

    /// The names of its holes.
    pub(crate) fn holes(&self) -> Vec<&str> {
        let all = self.words.iter().chain(self.options.iter().flatten());
        let names = all.flat_map(|word| match word {
            WordHole::Many(name) => vec![name.as_str()],
            WordHole::Holes { then, .. } => then.iter().map(|(name, _)| name.as_str()).collect(),
            WordHole::Plain(_) => Vec::new(),
        });
        names
            .filter(|name| !name.is_empty() && *name != "_")
            .collect()
    }

    /// Calls `done` with each way to match `words`, which stand in `source`, until it says `true`.
    pub(crate) fn each<'a>(
        &'a self,
        words: &[Word],
        source: &'a str,
        given: &[Bound<'a>],
        done: &mut dyn FnMut(Vec<Bound<'a>>) -> bool,
    ) -> bool {
        let named = self
            .words
            .iter()
            .take_while(|word| matches!(word, WordHole::Plain(_)))
            .count();
        let mut search = Search {
            source,
            bound: given.to_vec(),
            words: &self.words,
            named,
            steps: 10_000,
            done,
        };
        let left: Vec<&Word> = words.iter().collect();
        search.options(&self.options, left)
    }
}

impl WordHole {
    fn parse(word: &str, offset: usize) -> Result<Self, PatternError> {
        if word == "..." {
            return Ok(Self::Many(String::new()));
        }
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(name) = word.strip_prefix("$$$").filter(|name| is_name(name)) {
            return Ok(Self::Many(name.to_owned()));
        }
        let mut parts = word.split('$');
        let first = parts.next().unwrap_or_default().to_owned();
        let mut then: Vec<(String, String)> = Vec::new();
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(part.len());
            let (name, after) = part.split_at(end);
            let touches = then.last().is_some_and(|(_, text)| text.is_empty());
            if name.is_empty() || touches {
                let message = "a word is a text with holes, `--name=$value`, or a run, `$$$name`";
                return Err(PatternError {
                    message: message.to_owned(),
                    offset,
                });
            }
            then.push((name.to_owned(), after.to_owned()));
        }
        if then.is_empty() {
            return Ok(Self::Plain(first.trim_matches(['"', '\'']).to_owned()));
        }
        Ok(Self::Holes { first, then })
    }
}

struct Search<'e, 'a> {
    source: &'a str,
    bound: Vec<Bound<'a>>,
    words: &'a [WordHole],
    /// How many words are plain names before the first hole: options stand behind these.
    named: usize,
    steps: u32,
    done: &'e mut dyn FnMut(Vec<Bound<'a>>) -> bool,
}

impl<'a> Search<'_, 'a> {
    /// Finds each option, takes it out, and goes on with what is left.
    fn options(&mut self, options: &'a [Vec<WordHole>], left: Vec<&Word>) -> bool {
        let Some((option, others)) = options.split_first() else {
            return self.row(self.words, &left);
        };
        (self.named..left.len()).any(|at| {
            let end = at + option.len();
            let Some(here) = left.get(at..end) else {
                return false;
            };
            let before = self.bound.len();
            let fits = option
                .iter()
                .zip(here)
                .all(|(hole, word)| self.word(hole, word));
            let mut fewer = left.clone();
            fewer.drain(at..end.min(left.len()));
            let found = fits && self.options(others, fewer);
            self.bound.truncate(before);
            found
        })
    }

    fn row(&mut self, holes: &'a [WordHole], words: &[&Word]) -> bool {
        let Some(steps) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = steps;
        let Some((first, others)) = holes.split_first() else {
            return words.is_empty() && (self.done)(self.bound.clone());
        };
        let before = self.bound.len();
        if let WordHole::Many(name) = first {
            return (0..=words.len()).any(|taken| {
                let run = words.get(..taken).unwrap_or_default();
                let fits = self.bind(self.run(name, run));
                let found = fits && self.row(others, words.get(taken..).unwrap_or_default());
                self.bound.truncate(before);
                found
            });
        }
        let Some((word, rest)) = words.split_first() else {
            return false;
        };
        let found = self.word(first, word) && self.row(others, rest);
        self.bound.truncate(before);
        found
    }

    fn word(&mut self, hole: &'a WordHole, word: &Word) -> bool {
        match hole {
            WordHole::Plain(text) => *text == word.text,
            WordHole::Many(_) => false,
            WordHole::Holes { first, then } => {
                let Some(mut rest) = word.text.strip_prefix(first.as_str()) else {
                    return false;
                };
                let exact = word.range.of(self.source) == word.text;
                for (index, (name, after)) in then.iter().enumerate() {
                    let is_last = index + 1 == then.len();
                    let end = match (is_last, after.as_str()) {
                        (true, after) => rest.ends_with(after).then(|| rest.len() - after.len()),
                        (false, after) => rest.find(after),
                    };
                    let Some(inner) = end.and_then(|end| rest.get(..end)) else {
                        return false;
                    };
                    if inner.is_empty() {
                        return false;
                    }
                    let start = word.range.end().saturating_sub(rest.len());
                    let place = TextRange::new(start, start + inner.len());
                    let bound = if exact {
                        Bound::of_text(name, place.of(self.source), place, true)
                    } else {
                        Bound::of_text(name, inner.to_owned(), word.range, false)
                    };
                    if !self.bind(bound) {
                        return false;
                    }
                    rest = rest.get(inner.len() + after.len()..).unwrap_or_default();
                }
                true
            }
        }
    }

    fn run(&self, name: &'a str, words: &[&Word]) -> Bound<'a> {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return Bound::of_text(name, "", TextRange::default(), false);
        };
        let place = first.range.cover(last.range);
        let written: Vec<&str> = place.of(self.source).split_whitespace().collect();
        if written == texts {
            return Bound::of_text(name, place.of(self.source), place, true);
        }
        Bound::of_text(name, Cow::Owned(texts.join(" ")), place, false)
    }

    fn bind(&mut self, bound: Bound<'a>) -> bool {
        if bound.name.is_empty() || bound.name == "_" {
            return true;
        }
        if let Some(earlier) = self.bound.iter().find(|each| each.name == bound.name) {
            return earlier.text == bound.text;
        }
        self.bound.push(bound);
        true
    }
}

#[cfg(test)]
mod tests {
    use nbfix_python::shell::commands;

    use super::*;

    /// What the holes took in each way to match, as `name=text`.
    fn all(pattern: &str, line: &str, ordered: bool) -> Vec<String> {
        let pattern = WordPattern::parse(pattern, ordered).unwrap_or_else(|e| panic!("{e}"));
        let words = commands(line, TextRange::new(0, line.len()))
            .remove(0)
            .words;
        let mut found = Vec::new();
        pattern.each(&words, line, &[], &mut |bound| {
            let holes = bound.iter().map(|b| format!("{}={}", b.name, b.text));
            found.push(holes.collect::<Vec<_>>().join(" | "));
            false
        });
        found
    }

    #[test]
    fn words_are_matched_in_order_and_options_anywhere() {
        assert_eq!(all("az account show", "az account show", false), [""]);
        assert!(all("az account show", "az account show -o json", false).is_empty());
        assert_eq!(
            all(
                "az account show --query $q $$$rest",
                "az account show -o tsv --query 'a b'",
                false
            ),
            ["q=a b | rest=-o tsv"]
        );
        assert!(
            all(
                "az account show --query $q $$$rest",
                "az account show -o tsv --query id",
                true
            )
            .is_empty()
        );
        assert_eq!(
            all("pip install ... $name ...", "pip install -q a b", false),
            ["name=-q", "name=a", "name=b"]
        );
        assert_eq!(all("export $n=$v", "export A=b=1", false), ["n=A | v=b=1"]);
        assert_eq!(all("x --n=$n", "x --n=3", false), ["n=3"]);
        assert!(WordPattern::parse("$x y", false).is_err());
    }
}
