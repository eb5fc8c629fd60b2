//! Edits of the arguments of one call, which keep what is not named as it is written.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, ExprCall, Keyword};
use nbfix_python::range;
use nbfix_semantic::Unit;
use nbfix_text::{Edit, TextRange};

use crate::degrade::{line_end, line_start};

/// A call whose arguments change.
pub(crate) struct Arguments<'u, 'a> {
    unit: &'u Unit<'a>,
    call: &'a ExprCall,
    /// All arguments in the order of the text, keywords with their names.
    places: Vec<TextRange>,
    gone: Vec<TextRange>,
    /// What is put before an argument, by its start.
    before: BTreeMap<usize, String>,
    replaced: BTreeMap<usize, String>,
    first: Vec<String>,
    last: Vec<String>,
    edits: Vec<Edit>,
}

impl<'u, 'a> Arguments<'u, 'a> {
    /// The arguments of a call; an error if some are not spelled out.
    pub(crate) fn of(unit: &'u Unit<'a>, call: &'a ExprCall) -> Result<Self, String> {
        let arguments = &call.arguments;
        if arguments.args.iter().any(Expr::is_starred_expr)
            || arguments.keywords.iter().any(|it| it.arg.is_none())
        {
            return Err("a call takes its arguments from a list or a dictionary".to_owned());
        }
        let positional = arguments.args.iter().map(range);
        let mut places: Vec<TextRange> = positional
            .chain(arguments.keywords.iter().map(range))
            .collect();
        places.sort_unstable_by_key(|at| at.start());
        Ok(Self {
            unit,
            call,
            places,
            gone: Vec::new(),
            before: BTreeMap::new(),
            replaced: BTreeMap::new(),
            first: Vec::new(),
            last: Vec::new(),
            edits: Vec::new(),
        })
    }

    /// The argument of this name, or, if it has one, at this position.
    pub(crate) fn get(&self, name: &str, position: Option<usize>) -> Option<&'a Expr> {
        let named = self.call.arguments.find_keyword(name).map(|it| &it.value);
        named.or_else(|| self.call.arguments.args.get(position?))
    }

    /// The keywords; none of them is without a name.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = (&'a str, &'a Keyword)> {
        let keywords = self.call.arguments.keywords.iter();
        keywords.filter_map(|it| Some((it.arg.as_ref()?.as_str(), it)))
    }

    /// How many arguments have no name.
    pub(crate) fn positional(&self) -> usize {
        self.call.arguments.args.len()
    }

    /// What is called becomes `text`.
    pub(crate) fn calls(&mut self, text: impl Into<String>) {
        let at = range(&*self.call.func);
        self.edits.push(Edit::replace(at, text));
    }

    /// The argument, if it has no name yet, gets this one; if it has another, that is replaced.
    pub(crate) fn rename(&mut self, argument: &Expr, name: &str) {
        let at = range(argument);
        let keyword = self
            .call
            .arguments
            .keywords
            .iter()
            .find(|it| range(&it.value) == at);
        match keyword.and_then(|it| it.arg.as_ref()) {
            Some(old) if old.as_str() == name => {}
            Some(old) => self.edits.push(Edit::replace(range(old), name)),
            None => {
                self.before.insert(at.start(), format!("{name}="));
            }
        }
    }

    /// Puts this before all arguments.
    pub(crate) fn first(&mut self, text: impl Into<String>) {
        self.first.push(text.into());
    }

    /// The whole argument, with its name, becomes this.
    pub(crate) fn replace(&mut self, argument: &Expr, text: impl Into<String>) {
        let at = self.place(argument);
        self.replaced.insert(at.start(), text.into());
    }

    /// The argument goes, with the comma that parts it from the others.
    pub(crate) fn remove(&mut self, argument: &Expr) {
        self.gone.push(self.place(argument));
    }

    /// Puts this behind all arguments that stay.
    pub(crate) fn last(&mut self, text: impl Into<String>) {
        self.last.push(text.into());
    }

    fn place(&self, argument: &Expr) -> TextRange {
        let at = range(argument);
        let whole = self.places.iter().find(|place| place.covers(at));
        whole.copied().unwrap_or(at)
    }

    /// All edits.
    pub(crate) fn finish(mut self) -> Vec<Edit> {
        let stay: Vec<TextRange> = self
            .places
            .iter()
            .filter(|place| !self.gone.contains(place))
            .copied()
            .collect();
        let (Some(first), Some(last)) = (stay.first().copied(), stay.last().copied()) else {
            let text = [self.first.join(", "), self.last.join(", ")];
            let text: Vec<String> = text.into_iter().filter(|it| !it.is_empty()).collect();
            let at = self.inside();
            self.edits.push(Edit::replace(at, text.join(", ")));
            return self.edits;
        };
        for place in &stay {
            let mut before = String::new();
            if *place == first {
                before.extend(self.first.iter().map(|text| format!("{text}, ")));
            }
            before += self.before.get(&place.start()).map_or("", String::as_str);
            let mut behind = String::new();
            if *place == last {
                behind.extend(self.last.iter().map(|text| format!(", {text}")));
            }
            match self.replaced.get(&place.start()) {
                Some(text) => {
                    let text = format!("{before}{text}{behind}");
                    self.edits.push(Edit::replace(*place, text));
                }
                None => {
                    let added = [(place.start(), before), (place.end(), behind)];
                    let added = added.into_iter().filter(|(_, text)| !text.is_empty());
                    self.edits
                        .extend(added.map(|(at, text)| Edit::insert(at, text)));
                }
            }
        }
        // What goes takes the comma before it along, or, where nothing stays before it, the one behind.
        let mut before = None;
        for (index, place) in self.places.iter().enumerate() {
            if !self.gone.contains(place) {
                before = Some(*place);
                continue;
            }
            if let Some(lines) = self.lines(*place).filter(|_| !stay.is_empty()) {
                self.edits.push(Edit::delete(lines));
                before = None;
                continue;
            }
            let at = match (before, self.places.get(index + 1)) {
                (Some(before), _) => TextRange::new(before.end(), place.end()),
                (None, Some(next)) => TextRange::new(place.start(), next.start()),
                (None, None) => *place,
            };
            self.edits.push(Edit::delete(at));
            if before.is_some() {
                before = Some(*place);
            }
        }
        self.edits
    }

    /// The lines of an argument that shares them with nothing but its comma and a comment.
    fn lines(&self, place: TextRange) -> Option<TextRange> {
        let source = self.unit.source;
        let start = line_start(source, place.start());
        let end = line_end(source, place.end());
        let before = TextRange::new(start, place.start()).of(source);
        let behind = TextRange::new(place.end(), end).of(source).trim_start();
        let behind = behind.strip_prefix(',').unwrap_or(behind).trim_start();
        let is_alone = before.trim().is_empty() && (behind.is_empty() || behind.starts_with('#'));
        let rest = source.get(end..)?;
        let newline = rest.find('\n').map_or(rest.len(), |at| at + 1);
        is_alone.then(|| TextRange::new(start, end + newline))
    }

    /// What stands between the parentheses.
    fn inside(&self) -> TextRange {
        let after = range(&*self.call.func).end();
        let open = self.unit.source.get(after..).and_then(|it| it.find('('));
        let start = after + open.map_or(0, |at| at + 1);
        let end = range(self.call).end().saturating_sub(1);
        TextRange::new(start, end.max(start))
    }
}
