//! The table of error signatures, `rules/data/signatures.toml`: what a stored output means.

use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex, RegexSet};
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    signature: Vec<Signature>,
}

/// What an output must look like, and what it means then.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    id: String,
    ename: Vec<String>,
    evalue: Option<String>,
    traceback: Option<String>,
    stream: bool,
    diagnosis: String,
    remedy: String,
    category: Category,
    severity: Severity,
    #[serde(rename = "cascade")]
    _cascade: bool,
    #[serde(default)]
    wraps: bool,
    #[serde(default)]
    joins: Vec<String>,
    cause: Option<String>,
    #[cfg_attr(not(test), allow(dead_code))]
    #[serde(default)]
    example: Vec<Example>,
}

/// What sort of problem an error is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Category {
    /// A service failed, or refused a request that is well-formed.
    Api,
    /// No connection.
    Network,
    /// An input, a setting or a variable is missing or wrong.
    Validation,
    /// No answer in time.
    Timeout,
    /// Nobody, or nobody that is known, is signed in.
    Authentication,
    /// Who is signed in may not do it.
    Authorization,
    /// Too much at once.
    RateLimit,
    /// The money is spent.
    CostLimit,
    /// A resource, package, program or file is not there.
    NotFound,
    /// The code, the kernel or the machine.
    Internal,
    /// The store that is searched for an answer's sources.
    Rag,
    /// Making or storing embeddings.
    Embedding,
}

/// How bad an error is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// One can go on.
    Low,
    /// Try again.
    Medium,
    /// Needs somebody's attention.
    High,
    /// Nothing works.
    Critical,
}

impl Category {
    /// The word for it, as the table has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Network => "network",
            Self::Validation => "validation",
            Self::Timeout => "timeout",
            Self::Authentication => "authentication",
            Self::Authorization => "authorization",
            Self::RateLimit => "rate-limit",
            Self::CostLimit => "cost-limit",
            Self::NotFound => "not-found",
            Self::Internal => "internal",
            Self::Rag => "rag",
            Self::Embedding => "embedding",
        }
    }
}

impl Severity {
    /// The word for it, as the table has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// An output that the signature explains.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), allow(dead_code))]
struct Example {
    ename: String,
    evalue: String,
    #[serde(default)]
    traceback: String,
}

/// A signature, and its expressions once somebody has asked for them: most errors ask for a handful.
struct Compiled {
    signature: Signature,
    evalue: OnceLock<Option<Regex>>,
    traceback: OnceLock<Option<Regex>>,
}

static SIGNATURES: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/data/signatures.toml");
    // A test reads the table; a broken one means that nothing is explained.
    let table = toml::from_str::<Table>(text).map(|table| table.signature);
    table
        .unwrap_or_default()
        .into_iter()
        .map(Compiled::new)
        .collect()
});

/// The expressions that are searched in streams, for one look at the raw text.
static STREAMS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let streams = SIGNATURES.iter().filter(|one| one.signature.stream);
    RegexSet::new(streams.filter_map(|one| one.signature.evalue.as_deref())).ok()
});

/// What an output means, in words of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// The signature.
    pub(crate) id: &'static str,
    /// What happened.
    pub(crate) diagnosis: String,
    /// What to do.
    pub(crate) remedy: String,
    pub(crate) category: Category,
    pub(crate) severity: Severity,
    /// Whether such an error only passes on another one, which says more where it is known.
    pub(crate) wraps: bool,
    /// The rules that find the cause in the code, the likeliest first.
    pub(crate) joins: &'static [String],
    /// A word for the cause, where errors of different texts have the same.
    pub(crate) cause: Option<&'static str>,
}

impl Compiled {
    fn new(signature: Signature) -> Self {
        Self {
            signature,
            evalue: OnceLock::new(),
            traceback: OnceLock::new(),
        }
    }

    /// The expression for the exception's text. One that does not compile fails a test.
    fn evalue(&self) -> Option<&Regex> {
        self.evalue
            .get_or_init(|| Regex::new(self.signature.evalue.as_deref()?).ok())
            .as_ref()
    }

    fn traceback(&self) -> Option<&Regex> {
        self.traceback
            .get_or_init(|| Regex::new(self.signature.traceback.as_deref()?).ok())
            .as_ref()
    }

    fn explain(&'static self, captures: Option<&Captures<'_>>) -> Explained {
        let signature = &self.signature;
        Explained {
            id: &signature.id,
            diagnosis: filled(&signature.diagnosis, captures),
            remedy: filled(&signature.remedy, captures),
            category: signature.category,
            severity: signature.severity,
            wraps: signature.wraps,
            joins: &signature.joins,
            cause: signature.cause.as_deref(),
        }
    }

    fn names(&self, ename: &str) -> bool {
        let names = &self.signature.ename;
        names.is_empty() || names.iter().any(|name| name == ename)
    }
}

/// The text with the groups of a match in the places of `{1}`, `{2}`.
fn filled(text: &str, captures: Option<&Captures<'_>>) -> String {
    let groups = captures
        .iter()
        .flat_map(|captures| captures.iter())
        .enumerate();
    groups.fold(text.to_owned(), |text, (index, group)| {
        text.replace(
            &format!("{{{index}}}"),
            group.map_or("", |group| group.as_str()),
        )
    })
}

/// The first signature that fits an exception; `traceback` is without colours, its lines joined.
pub(crate) fn of_error(ename: &str, evalue: &str, traceback: &str) -> Option<Explained> {
    SIGNATURES
        .iter()
        .filter(|one| !one.signature.stream && one.names(ename))
        .find_map(|one| {
            if one
                .traceback()
                .is_some_and(|pattern| !pattern.is_match(traceback))
            {
                return None;
            }
            match one.evalue() {
                Some(pattern) => Some(one.explain(Some(&pattern.captures(evalue)?))),
                None => Some(one.explain(None)),
            }
        })
}

/// The first signature that fits what a cell printed, and the line that shows it.
pub(crate) fn of_stream(text: &str) -> Option<(Explained, &str)> {
    SIGNATURES
        .iter()
        .filter(|one| one.signature.stream)
        .find_map(|one| {
            let captures = one.evalue()?.captures(text)?;
            let at = captures.get(0)?.start();
            let start = text[..at]
                .rfind('\n')
                .map_or(0, |line_break| line_break + 1);
            let line = text[start..].lines().next()?;
            Some((one.explain(Some(&captures)), line.trim()))
        })
}

/// Whether the raw JSON of outputs may hold a stream that a signature explains.
pub(crate) fn may_have_stream(raw: &str) -> bool {
    raw.contains("\"stream\"")
        && STREAMS
            .as_ref()
            .is_some_and(|streams| streams.is_match(raw))
}

#[cfg(test)]
#[rustfmt::skip]
mod rows;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_example_is_explained_by_its_own_signature() {
        let text = include_str!("../../../rules/data/signatures.toml");
        let table: Table = toml::from_str(text).unwrap();
        assert_eq!(
            table.signature.len(),
            SIGNATURES.len(),
            "every signature is read"
        );
        for one in SIGNATURES.iter() {
            assert_eq!(
                one.signature.evalue.is_some(),
                one.evalue().is_some(),
                "{}",
                one.signature.id
            );
            assert_eq!(
                one.signature.traceback.is_some(),
                one.traceback().is_some(),
                "{}",
                one.signature.id
            );
        }
        for signature in &table.signature {
            assert!(!signature.example.is_empty(), "{}", signature.id);
            for example in &signature.example {
                let found = match signature.stream {
                    true => of_stream(&example.evalue).map(|(explained, _)| explained),
                    false => of_error(&example.ename, &example.evalue, &example.traceback),
                };
                let found = found.unwrap();
                assert_eq!(found.id, signature.id, "{}", example.evalue);
                let said = format!("{} {}", found.diagnosis, found.remedy);
                assert!(!said.contains("{1}") && !said.contains("{2}"), "{said}");
                let raw = format!(
                    r#"{{"output_type": "stream", "text": "{}"}}"#,
                    example.evalue
                );
                assert!(may_have_stream(&raw) || !signature.stream);
            }
        }
    }
}
