//! Rules that can run, and the choice among them.

use std::any::Any;
use std::sync::Arc;

use nbfix_python::{AnyNodeRef, NodeKind};
use nbfix_semantic::Semantic;

use crate::allow::Judged;
use crate::compile::PatternCheck;
use crate::finding::finish;
use crate::prefilter::Prefilter;
use crate::{Context, Document, Finding, Findings, Group, Level, Page, PageError, Report, Safety};

/// One rule: what its page says, and its check.
#[derive(Debug)]
pub struct Rule {
    /// The name; it reads after "allow", and is the page's file name.
    pub name: &'static str,
    /// One line for tables.
    pub summary: &'static str,
    /// What a finding says, with `{holes}`.
    pub message: &'static str,
    /// Other messages by key.
    pub messages: &'static [(&'static str, &'static str)],
    /// What to do about it.
    pub help: Option<&'static str>,
    /// What it does to the next reader.
    pub group: Group,
    /// Whether it runs unless deselected.
    pub default: bool,
    /// Which documents it is for.
    pub documents: &'static [Document],
    /// Whether it has nothing to say to notebooks for Python 2.
    pub python_3_only: bool,
    /// What its fix says of itself.
    pub fix: Option<FixText>,
    /// How it finds.
    pub check: Check,
    /// The page's text, for `explain` and the tests.
    pub page: &'static str,
}

/// What a fix says of itself.
#[derive(Clone, Copy, Debug)]
pub struct FixText {
    /// What it does, as an instruction.
    pub title: &'static str,
    /// Its promise.
    pub safety: Safety,
    /// What to look at afterwards.
    pub caution: Option<&'static str>,
}

/// How a rule finds; exactly one way, so that nothing shadows.
pub enum Check {
    /// What a page says in its `[match]`, `[fix]` and `[tables]`: that part of it, in TOML. It is read when the rule
    /// is chosen, so that a start pays for no rule that does not run.
    Pattern(&'static str),
    /// Called for every node of these kinds.
    Node(
        &'static [NodeKind],
        for<'s, 'a> fn(&Context<'s, 'a>, AnyNodeRef<'a>, &mut Findings<'_>),
    ),
    /// Called once for a document.
    Notebook(for<'s, 'a> fn(&'s Semantic<'a>, &mut Findings<'_>)),
    /// Called once for a document that may hold a function app, of one file or many (see [`Scope`]).
    Project(for<'s, 'a> fn(&'s Semantic<'a>, &mut Findings<'_>)),
    /// Called once after all others, with what the document allows and what of it was needed.
    Allows(fn(&Judged<'_, '_>, &mut Findings<'_>)),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Check::Pattern(_) => "Pattern",
            Check::Node(..) => "Node",
            Check::Notebook(_) => "Notebook",
            Check::Project(_) => "Project",
            Check::Allows(_) => "Allows",
        })
    }
}

impl Rule {
    /// The rule of a page that somebody wrote for themselves. Its texts are kept for as long as the program runs, as
    /// those of the built-in rules are.
    ///
    /// # Errors
    /// If the page is not one (see [`Page::parse`] and [`PatternCheck::check`]), or asks for a check in Rust, which
    /// only built-in rules have.
    pub fn from_page(name: &str, text: &str) -> Result<Self, PageError> {
        let page = Page::parse(text)?;
        if page.matches.check.is_some() {
            let message = "only built-in rules are written in Rust; say what is found with `pattern`, `any`, `all`, \
                           `shell`, `magic`, `text` or `output`";
            return Err(PageError::near(text, "[match]", "check", message));
        }
        PatternCheck::check(&page, text)?;
        let text = leak(text);
        Ok(Self::of_page(name, &page, Check::Pattern(text), text))
    }

    /// This rule, with the words and examples of another page; for trying out what a page of it might say.
    ///
    /// # Errors
    /// If the page is not one.
    pub fn with_page(&self, text: &str) -> Result<Self, PageError> {
        let page = Page::parse(text)?;
        let text = leak(text);
        let check = match (&page.matches.check, &self.check) {
            (None, _) => {
                PatternCheck::check(&page, text)?;
                Check::Pattern(text)
            }
            (_, Check::Node(kinds, check)) => Check::Node(kinds, *check),
            (_, Check::Notebook(check)) => Check::Notebook(*check),
            (_, Check::Project(check)) => Check::Project(*check),
            (_, Check::Allows(check)) => Check::Allows(*check),
            (_, Check::Pattern(_)) => {
                let message = "this rule has no check in Rust";
                return Err(PageError::near(text, "[match]", "check", message));
            }
        };
        Ok(Self::of_page(self.name, &page, check, text))
    }

    fn of_page(name: &str, page: &Page, check: Check, text: &'static str) -> Self {
        let messages: Vec<_> = page
            .messages
            .iter()
            .map(|(key, text)| (leak(key), leak(text)))
            .collect();
        Self {
            name: leak(name),
            summary: leak(&page.summary),
            message: leak(&page.message),
            messages: messages.leak(),
            help: page.help.as_deref().map(leak),
            group: page.group,
            default: page.is_default(),
            documents: page.documents.clone().leak(),
            python_3_only: page.python_3_only,
            fix: page.fix.as_ref().map(|fix| FixText {
                title: leak(&fix.title),
                safety: match fix.safety.as_str() {
                    "safe" => Safety::Safe,
                    "unsafe" => Safety::Unsafe,
                    _ => Safety::Display,
                },
                caution: fix.caution.as_deref().map(leak),
            }),
            check,
            page: text,
        }
    }

    /// Which documents it is for, in words.
    pub fn documents_in_words(&self) -> String {
        let names: Vec<&str> = self.documents.iter().map(|it| it.as_str()).collect();
        names.join(", ")
    }

    /// The level of its findings.
    pub fn level(&self) -> Level {
        match self.group {
            Group::Broken | Group::Leak => Level::Error,
            Group::Fragile => Level::Warning,
            Group::Tidy => Level::Note,
        }
    }
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// One rule of a set, with what a run needs of it.
#[derive(Debug)]
pub struct Selected {
    /// The rule.
    pub rule: &'static Rule,
    /// The level of its findings in this run.
    pub level: Level,
    pub(crate) pattern: Option<PatternCheck>,
}

impl Selected {
    /// A finding of this rule, for what no check can reach: a file that does not load.
    pub fn finding(&self, report: Report) -> Finding {
        finish(self, report)
    }
}

/// What the user has said about particular rules; only those know its type.
pub(crate) type Settings = Arc<dyn Any + Send + Sync>;

/// Which of the rules run over a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// All but those of projects: the document is one file of a project, which is looked at as a whole elsewhere.
    Files,
    /// Only those of projects: the document's cells are the files of one.
    Projects,
}

/// The rules of a run, indexed by what they look at.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Arc<[Selected]>,
    pub(crate) scope: Scope,
    pub(crate) settings: Option<Settings>,
    /// Names of rules that there are, whether they run or not.
    pub(crate) known: Vec<&'static str>,
    /// For each node kind the rules (by position) that look at it.
    by_kind: Arc<[Vec<usize>]>,
    pub(crate) prefilter: Arc<Prefilter>,
}

/// More than there are node kinds; the parser's enum has no count of its own.
const KINDS: usize = 128;

impl RuleSet {
    /// A set of `rules`, in the order of their names.
    pub fn new(rules: impl IntoIterator<Item = &'static Rule>) -> Self {
        let mut rules: Vec<Selected> = rules
            .into_iter()
            .map(|rule| {
                let pattern = match &rule.check {
                    // A page that cannot be built was refused before; a test builds the built-in ones.
                    Check::Pattern(text) => PatternCheck::build(text).ok(),
                    _ => None,
                };
                Selected {
                    rule,
                    level: rule.level(),
                    pattern,
                }
            })
            .collect();
        rules.sort_by_key(|selected| selected.rule.name);
        rules.dedup_by_key(|selected| selected.rule.name);
        let mut by_kind = vec![Vec::new(); KINDS];
        for (index, selected) in rules.iter().enumerate() {
            for kind in kinds(selected) {
                if let Some(list) = by_kind.get_mut(kind as usize) {
                    list.push(index);
                }
            }
        }
        let prefilter = Prefilter::new(rules.iter().map(|selected| selected.pattern.as_ref()));
        Self {
            rules: rules.into(),
            scope: Scope::All,
            settings: None,
            known: Vec::new(),
            by_kind: by_kind.into(),
            prefilter: Arc::new(prefilter),
        }
    }

    /// The same rules, with what the user has said about them. The checks take it from [`Findings::settings`].
    pub fn with_settings<T: Any + Send + Sync>(self, settings: T) -> Self {
        Self {
            settings: Some(Arc::new(settings)),
            ..self
        }
    }

    /// The same rules, for documents of which only some of them look at.
    pub fn within(&self, scope: Scope) -> Self {
        Self {
            scope,
            ..self.clone()
        }
    }

    /// The same rules; others of these names are there too, so that nobody takes them for slips.
    pub fn with_known(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.known = names.into_iter().collect();
        self
    }

    /// The same rules; the findings of those for which `level` gives one are of that level.
    pub fn with_levels(mut self, level: impl Fn(&Rule) -> Option<Level>) -> Self {
        let Some(rules) = Arc::get_mut(&mut self.rules) else {
            return self;
        };
        for selected in rules {
            if let Some(level) = level(selected.rule) {
                selected.level = level;
            }
        }
        self
    }

    /// The rules, by name.
    pub fn rules(&self) -> &[Selected] {
        &self.rules
    }

    /// The rule of this name, if it was chosen.
    pub fn get(&self, name: &str) -> Option<&Selected> {
        self.rules
            .iter()
            .find(|selected| selected.rule.name == name)
    }

    /// The rules (by position) that look at nodes, by the kind's number.
    pub(crate) fn by_kind(&self) -> &[Vec<usize>] {
        &self.by_kind
    }
}

fn kinds(selected: &Selected) -> Vec<NodeKind> {
    match (&selected.rule.check, &selected.pattern) {
        (Check::Node(kinds, _), _) => kinds.to_vec(),
        (Check::Pattern(_), Some(check)) => check.kinds(),
        _ => Vec::new(),
    }
}
