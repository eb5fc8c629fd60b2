//! What is written in a match's place.

use nbfix_python::NodeKind;

use crate::{Match, Pattern, PatternError};

/// A text with the holes of a pattern.
#[derive(Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Hole(String),
}

impl Template {
    /// Reads a template for matches of `pattern`.
    ///
    /// # Errors
    /// If it names a hole that `pattern` does not bind.
    pub fn parse(text: &str, pattern: &Pattern) -> Result<Self, PatternError> {
        let known = pattern.holes();
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let after = rest[at..].trim_start_matches('$');
            let end = after
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            let name = &after[..end];
            if !known.contains(&name) {
                let offset = text.len() - rest.len() + at;
                let holes = known
                    .iter()
                    .map(|hole| format!("`${hole}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                let message =
                    format!("`${name}` is not bound by the pattern, whose holes are: {holes}");
                return Err(PatternError { message, offset });
            }
            pieces.push(Piece::Text(rest[..at].to_owned()));
            pieces.push(Piece::Hole(name.to_owned()));
            rest = &after[end..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces })
    }

    /// The text for one match.
    pub fn print(&self, found: &Match<'_>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Hole(name) => text.push_str(found.text(name).unwrap_or_default()),
            }
        }
        text
    }
}

impl Pattern {
    /// Whether the pattern is a whole statement, so that its template is one too.
    pub fn is_statement(&self) -> bool {
        !matches!(self.root().kind(), kind if is_expression(kind))
    }
}

fn is_expression(kind: NodeKind) -> bool {
    format!("{kind:?}").starts_with("Expr")
}

#[cfg(test)]
mod tests {
    use nbfix_python::ast::{ExprRef, Stmt};
    use nbfix_python::{AnyNodeRef, Module, dotted};
    use nbfix_text::TextRange;

    use crate::{Pattern, Resolve, Template};

    /// `sp` means `subprocess`; all other names mean themselves.
    struct Imports;

    impl Resolve for Imports {
        fn qualified(&self, expr: ExprRef<'_>) -> Option<String> {
            let (_, parts) = dotted(expr)?;
            let path = parts.join(".");
            Some(
                path.strip_prefix("sp.")
                    .map_or(path.clone(), |rest| format!("subprocess.{rest}")),
            )
        }
    }

    /// The holes' texts, or `None` if `source` (one statement) does not match.
    fn holes(pattern: &str, source: &str) -> Option<Vec<String>> {
        let pattern = Pattern::parse(pattern)
            .map_err(|error| panic!("{error}"))
            .ok()?;
        let module = Module::cell(source, TextRange::new(0, source.len()));
        let node = match &module.body()[0] {
            Stmt::Expr(statement) if !pattern.is_statement() => AnyNodeRef::from(&*statement.value),
            statement => AnyNodeRef::from(statement),
        };
        let found = pattern.matches(node, source, &Imports)?;
        let mut names = pattern.holes();
        names.sort_unstable();
        names.dedup();
        Some(
            names
                .iter()
                .map(|name| found.text(name).unwrap_or("?").to_owned())
                .collect(),
        )
    }

    fn some(texts: &[&str]) -> Option<Vec<String>> {
        Some(texts.iter().map(|text| (*text).to_owned()).collect())
    }

    #[test]
    fn names_match_by_meaning() {
        assert_eq!(holes("subprocess.run($a)", "sp.run(x)"), some(&["x"]));
        assert_eq!(holes("subprocess.run($a)", "other.run(x)"), None);
    }

    #[test]
    fn arguments_and_keywords() {
        assert_eq!(holes("f($$$args)", "f(a, b=1, *c)"), some(&["a, b=1, *c"]));
        assert_eq!(holes("f($$$args)", "f()"), some(&[""]));
        assert_eq!(holes("f($a, ...)", "f(1, 2, k=3)"), some(&["1"]));
        assert_eq!(holes("f(k=$k, ...)", "f(1, j=2, k=3)"), some(&["3"]));
        assert_eq!(holes("f(k=$k)", "f(1, k=3)"), None);
        assert_eq!(holes("f(b=$b, a=$a)", "f(a=1, b=2)"), some(&["1", "2"]));
    }

    #[test]
    fn repeated_holes_must_be_equal() {
        assert_eq!(
            holes("f($a, $a)", "f(x, x)"),
            some(&["x"]).map(|_| vec!["x".into(),])
        );
        assert_eq!(holes("f($a, $a)", "f(x, y)"), None);
    }

    #[test]
    fn statements_operators_and_literals() {
        assert_eq!(
            holes(
                "if not $x:\n    raise $e",
                "if not key:\n    raise ValueError('k')"
            ),
            some(&["ValueError('k')", "key"])
        );
        assert_eq!(holes("$a + $b", "x - y"), None);
        assert_eq!(holes("f('az')", "f(\"az\")"), some(&[]));
        assert_eq!(
            holes("$x = g($$$rest)", "y = g(1, 2)"),
            some(&["y", "1, 2"]).map(|_| vec!["1, 2".into(), "y".into()])
        );
    }

    #[test]
    fn templates_print_and_refuse_unbound_holes() {
        let pattern =
            Pattern::parse("asyncio.run($main)").unwrap_or_else(|error| panic!("{error}"));
        let template =
            Template::parse("await $main", &pattern).unwrap_or_else(|error| panic!("{error}"));
        let source = "asyncio.run(go(1))";
        let module = Module::cell(source, TextRange::new(0, source.len()));
        let Stmt::Expr(statement) = &module.body()[0] else {
            panic!("no expression")
        };
        let found = pattern.matches(AnyNodeRef::from(&*statement.value), source, &Imports);
        assert_eq!(
            found.map(|found| template.print(&found)),
            Some("await go(1)".to_owned())
        );
        assert!(Template::parse("await $other", &pattern).is_err());
        assert!(Pattern::parse("f(").is_err());
        assert!(Pattern::parse("a\nb").is_err());
    }
}
