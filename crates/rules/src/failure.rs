//! How examples do not hold.

use std::fmt;

/// What came of the examples of one page.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// How many examples there are.
    pub examples: usize,
    /// Those that do not hold, in their order.
    pub failures: Vec<Failure>,
}

/// An example that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its position among the examples of the page, from 0.
    pub index: usize,
    /// Its name.
    pub example: String,
    /// In a word.
    pub word: Word,
    /// In a sentence.
    pub why: String,
    /// What the page says, and what came.
    pub texts: Option<Texts>,
}

/// How an example does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The page or the example cannot be read, or the rule panicked.
    Bad,
    /// Something is found where nothing should be.
    Noisy,
    /// Nothing is found where something is marked.
    Missing,
    /// Found, but not where it is marked.
    WrongPlace,
    /// Found there, but the message does not hold the marker's text.
    WrongText,
    /// The finding survives its fix.
    Unmended,
    /// The fix gives another text than the example.
    WrongFix,
    /// Mending the mended text still finds something to do.
    NotAtRest,
}

/// One text of an example, as it is and as it would hold. Both are in percent form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Which text: `before`, `after` or `clean`.
    pub key: &'static str,
    /// What the page says.
    pub wanted: String,
    /// What came.
    pub got: String,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Word::Bad => "bad",
            Word::Noisy => "noisy",
            Word::Missing => "missing",
            Word::WrongPlace => "wrong place",
            Word::WrongText => "wrong text",
            Word::Unmended => "unmended",
            Word::WrongFix => "wrong fix",
            Word::NotAtRest => "not at rest",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}: {}", self.example, self.word, self.why)?;
        match &self.texts {
            Some(texts) => write!(f, "\nwanted\n{}\ngot\n{}", texts.wanted, texts.got),
            None => Ok(()),
        }
    }
}

impl Failure {
    /// The text that would make the example hold, if a text can: carets that moved, another `after`. What the rule
    /// does wrong no text can mend.
    pub fn blessing(&self) -> Option<&Texts> {
        let texts = self.texts.as_ref()?;
        match self.word {
            Word::WrongPlace | Word::WrongText | Word::WrongFix => Some(texts),
            Word::Noisy => (texts.key == "before").then_some(texts),
            _ => None,
        }
    }
}
