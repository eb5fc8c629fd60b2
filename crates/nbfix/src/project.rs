//! What is in force for a file: the command line over the environment over the nearest configuration.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nbfix_lint::{Level, Rule, RuleSet};
use nbfix_report::Detector;
use nbfix_rules::Settings;

use crate::arguments::{ConfigArguments, FailArguments, FailOn, PageArguments, RuleArguments};
use crate::config::{Config, Finder, Origin, Said, Word, plain_path, seen_from_here};
use crate::environment::Environment;
use crate::patterns::Patterns;
use crate::rulebook::Rulebook;
use crate::selection::{Choice, Layer, Selector};

/// Folders that hold what others wrote, or copies: what `exclude` is if nobody says otherwise.
pub(crate) const EXCLUDED: [&str; 7] = [
    ".git/",
    ".ipynb_checkpoints/",
    ".venv/",
    "__pycache__/",
    "node_modules/",
    "site-packages/",
    "venv/",
];

/// What is in force for the files of one configuration.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) config: Config,
    pub(crate) book: Rulebook,
    pub(crate) choice: Choice,
    pub(crate) levels: HashMap<&'static str, Said<Level>>,
    pub(crate) fail_on: Said<FailOn>,
    /// The folder that patterns and the baseline are relative to, plain.
    pub(crate) root: PathBuf,
    exclude: Patterns,
    per_file: Vec<(Patterns, Vec<Selector>)>,
    settings: Settings,
    /// The rules for files, by which of the per-file ignores hold for them.
    sets: Mutex<HashMap<Vec<usize>, Arc<RuleSet>>>,
}

impl Project {
    fn new(config: Config, root: PathBuf, said: &Overrides<'_>) -> anyhow::Result<Self> {
        let rules = &said.rules.pages.rules;
        let book = Rulebook::load(&config, rules)?;
        let (choice, levels) = choice(&config, said, &book)?;
        let fail_on = match (said.fail_on, &said.environment.fail_on, &config.fail_on) {
            (Some(level), ..) => Said::new(level, Origin::CommandLine("--fail-on")),
            (_, Some(said), _) | (_, _, Some(said)) => said.clone(),
            _ => Said::default(FailOn::Warning),
        };
        let defaults: Vec<Word>;
        let excluded = match &config.exclude {
            Some(exclude) => &exclude.value,
            None => {
                defaults = EXCLUDED.map(|it| Said::default(it.to_owned())).to_vec();
                &defaults
            }
        };
        let exclude = Patterns::new(&root, excluded.iter().chain(&config.extend_exclude))?;
        let mut per_file = Vec::new();
        for (pattern, rules) in &config.per_file_ignores {
            let rules = Selector::parse_all(rules, &book)?;
            per_file.push((Patterns::one(&root, pattern)?, rules));
        }
        let mut settings = config.settings()?;
        settings.today = said.rules.today.or(said.environment.today).or_else(today);
        Ok(Self {
            config,
            book,
            choice,
            levels,
            fail_on,
            root,
            exclude,
            per_file,
            settings,
            sets: Mutex::default(),
        })
    }

    /// Whether a walk leaves out this path. The folders around it were asked about before.
    pub(crate) fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        self.exclude.matches_itself(&plain_path(path), is_folder)
    }

    /// Whether a file that somebody named is left out nevertheless.
    pub(crate) fn forbids(&self, path: &Path) -> bool {
        self.exclude.matches(&plain_path(path), false)
    }

    /// Whether no rule runs, wherever a file lies.
    pub(crate) fn runs_nothing(&self) -> bool {
        let mut entries = self.book.entries();
        !entries.any(|entry| self.choice.runs(entry.rule))
    }

    /// What finds secrets in its documents, and masks them.
    pub(crate) fn secrets(&self) -> Arc<Detector> {
        self.settings.secrets.detector()
    }

    /// Only this rule, if there is one of this name, and the one that finds what is allowed in vain.
    pub(crate) fn only(&self, rule: &str) -> Option<RuleSet> {
        let rule = self.book.find(rule)?.rule;
        let unused = self.book.find("unused-allow").map(|entry| entry.rule);
        let rules = RuleSet::new(unused.into_iter().chain([rule]));
        let known = self.book.entries().map(|entry| entry.rule.name);
        Some(rules.with_known(known).with_settings(self.settings.clone()))
    }

    /// The rules for a file.
    pub(crate) fn rules_for(&self, path: &Path) -> Arc<RuleSet> {
        let path = plain_path(path);
        let ignores = self.per_file.iter().enumerate();
        let held: Vec<usize> = ignores
            .filter(|(_, (patterns, _))| patterns.matches(&path, false))
            .map(|(index, _)| index)
            .collect();
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let set = sets.entry(held).or_insert_with_key(|held| {
            let ignored = |rule: &Rule| {
                let mut ignores = held.iter().filter_map(|index| self.per_file.get(*index));
                ignores.any(|(_, rules)| rules.iter().any(|it| it.covers(rule)))
            };
            let rules = self.book.entries().map(|entry| entry.rule);
            let rules = rules.filter(|rule| self.choice.runs(rule) && !ignored(rule));
            let rules = RuleSet::new(rules)
                .with_settings(self.settings.clone())
                .with_known(self.book.entries().map(|entry| entry.rule.name))
                .with_levels(|rule| self.levels.get(rule.name).map(|said| said.value));
            Arc::new(rules)
        });
        Arc::clone(set)
    }
}

/// What outweighs the files.
struct Overrides<'a> {
    rules: Cow<'a, RuleArguments>,
    fail_on: Option<FailOn>,
    environment: Environment,
}

/// The rules that run, and levels other than their own.
fn choice(
    config: &Config,
    said: &Overrides<'_>,
    book: &Rulebook,
) -> anyhow::Result<(Choice, HashMap<&'static str, Said<Level>>)> {
    let parse = |words: &[Word]| Selector::parse_all(words, book);
    let parse_all = |words: &Option<Said<Vec<Word>>>| {
        let words = words.as_ref().map(|said| parse(&said.value));
        words.transpose()
    };
    let mut file = Layer {
        select: parse_all(&config.select)?,
        extend: parse(&config.extend_select)?,
        ignore: parse_all(&config.ignore)?.unwrap_or_default(),
    };
    let mut levels: Vec<(Selector, Option<Level>, Origin)> = Vec::new();
    for (word, level) in &config.levels {
        let [selector] = Selector::parse_all([word], book)?[..] else {
            continue;
        };
        // Of two words of one weight the later one counts.
        levels.push((selector, *level, word.origin.clone()));
    }
    levels.sort_by_key(|(selector, ..)| selector.weight());
    let mut by_rule = HashMap::new();
    for rule in book.entries().map(|entry| entry.rule) {
        let said = levels.iter().rev().find(|(it, ..)| it.covers(rule));
        match said {
            Some((_, Some(level), origin)) => {
                by_rule.insert(rule.name, Said::new(*level, origin.clone()));
            }
            Some((_, None, _)) => file.ignore.push(Selector::Rule(rule)),
            None => {}
        }
    }
    let environment = &said.environment;
    let environment = Layer {
        select: parse_all(&environment.select)?,
        extend: parse(&environment.extend_select)?,
        ignore: parse(&environment.ignore)?,
    };
    let words = |texts: &[String], option| -> anyhow::Result<Vec<Selector>> {
        let word = |text: &String| Said::new(text.clone(), Origin::CommandLine(option));
        parse(&texts.iter().map(word).collect::<Vec<_>>())
    };
    let select = words(&said.rules.select, "--select")?;
    let command_line = Layer {
        select: (!select.is_empty()).then_some(select),
        extend: words(&said.rules.extend_select, "--extend-select")?,
        ignore: words(&said.rules.ignore, "--ignore")?,
    };
    let layers = vec![file, environment, command_line];
    Ok((Choice { layers }, by_rule))
}

/// All projects of a run, each read once.
pub(crate) struct Projects<'a> {
    said: Overrides<'a>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    finder: Finder,
    /// By configuration file; without any there is one, too. One that cannot be used is `None`.
    projects: HashMap<Option<PathBuf>, Option<Arc<Project>>>,
    errors: Vec<anyhow::Error>,
}

impl<'a> Projects<'a> {
    /// # Errors
    /// If the environment says what it cannot mean.
    pub(crate) fn new(
        rules: &'a RuleArguments,
        failing: Option<&FailArguments>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            said: Overrides {
                rules: Cow::Borrowed(rules),
                fail_on: failing.and_then(|failing| failing.fail_on),
                environment: Environment::read()?,
            },
            known: Mutex::default(),
        })
    }

    /// For commands that take no choice of rules.
    ///
    /// # Errors
    /// If the environment says what it cannot mean.
    pub(crate) fn of_pages(pages: &PageArguments) -> anyhow::Result<Self> {
        let rules = RuleArguments {
            pages: pages.clone(),
            ..RuleArguments::default()
        };
        Ok(Self {
            said: Overrides {
                rules: Cow::Owned(rules),
                fail_on: None,
                environment: Environment::read()?,
            },
            known: Mutex::default(),
        })
    }

    fn config(&self) -> &ConfigArguments {
        &self.said.rules.pages.config
    }

    /// What is in force in this folder; `None` if its configuration cannot be used, which [`Projects::check`] tells.
    pub(crate) fn of(&self, folder: &Path) -> Option<Arc<Project>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match self.config() {
            ConfigArguments { isolated: true, .. } => None,
            ConfigArguments {
                config: Some(file), ..
            } => Some(file.clone()),
            _ => known.finder.of(folder),
        };
        if let Some(project) = known.projects.get(&file) {
            return project.clone();
        }
        let project = match self.read(file.as_deref()) {
            Ok(project) => Some(Arc::new(project)),
            Err(error) => {
                known.errors.push(error);
                None
            }
        };
        known.projects.insert(file, project.clone());
        project
    }

    fn read(&self, file: Option<&Path>) -> anyhow::Result<Project> {
        let here = plain_path(Path::new(""));
        let Some(file) = file else {
            return Project::new(Config::default(), here, &self.said);
        };
        // A file that is named holds for this folder, wherever it lies.
        let root = match self.config().config {
            Some(_) => here,
            None => file.parent().map_or(here, Path::to_owned),
        };
        let file = match self.config().config {
            Some(_) => file.to_owned(),
            None => seen_from_here(file),
        };
        Project::new(Config::read(&file)?, root, &self.said)
    }

    /// All projects so far.
    pub(crate) fn all(&self) -> Vec<Arc<Project>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.projects.values().flatten().cloned().collect()
    }

    /// # Errors
    /// The first of the configurations so far that cannot be used: nothing is checked by half of the rules.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.errors.is_empty() {
            return Ok(());
        }
        Err(known.errors.remove(0))
    }
}

/// The configuration for the current folder.
///
/// # Errors
/// If it cannot be read, or says what nbfix does not know.
pub(crate) fn config_here(arguments: &ConfigArguments) -> anyhow::Result<Config> {
    if arguments.isolated {
        return Ok(Config::default());
    }
    let file = match &arguments.config {
        Some(file) => Some(file.clone()),
        None => Finder::default()
            .of(Path::new(""))
            .map(|file| seen_from_here(&file)),
    };
    file.map_or_else(|| Ok(Config::default()), |file| Config::read(&file))
}

/// The day that the machine's clock shows; `None` if the clock is not set.
fn today() -> Option<nbfix_rules::Date> {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    let days = u32::try_from(since.as_secs() / 86_400).ok()?;
    Some(nbfix_rules::Date::of_days(days))
}
