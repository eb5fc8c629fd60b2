//! From the previews of azure-search-documents 11.4 to what was released: classes and arguments that have other names,
//! and profiles between a field and its algorithm.

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::{walk_expr, walk_stmt};
use nbfix_python::ast::{Alias, Expr, ExprCall, Stmt};
use nbfix_python::{SourceOrderVisitor, dotted, range, string_value};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::arguments::Arguments;
use super::places::{Edits, joined, without_line};
use super::{Migration, Words, mentions};
use crate::degrade::{line_end, line_start};

const WORDS: Words = Words {
    package: "azure-search-documents",
    new: "the classes of azure-search-documents 11.4 and later",
    needs: "azure-search-documents 11.6 or later",
    caution: "A vector field names a profile, which has the name of its algorithm; the language of a query is no longer sent.",
    advice: "use the new names: `VectorizedQuery(vector=..., k_nearest_neighbors=..., fields=...)`, `HnswAlgorithmConfiguration`, `VectorSearch(algorithms=..., profiles=...)`, `SemanticSearch`, `SemanticPrioritizedFields`",
};

const MODELS: &str = "azure.search.documents.models";
const INDEX_MODELS: &str = "azure.search.documents.indexes.models";

/// A class: its module, its name, its new name, and its arguments that have new names.
struct Class {
    module: &'static str,
    old: &'static str,
    new: &'static str,
    arguments: &'static [(&'static str, &'static str)],
}

const CLASSES: &[Class] = &[
    Class {
        module: MODELS,
        old: "Vector",
        new: "VectorizedQuery",
        arguments: &[("value", "vector"), ("k", "k_nearest_neighbors")],
    },
    Class {
        module: MODELS,
        old: "RawVectorQuery",
        new: "VectorizedQuery",
        arguments: &[("k", "k_nearest_neighbors")],
    },
    Class {
        module: INDEX_MODELS,
        old: "HnswVectorSearchAlgorithmConfiguration",
        new: "HnswAlgorithmConfiguration",
        arguments: &[],
    },
    Class {
        module: INDEX_MODELS,
        old: "ExhaustiveKnnVectorSearchAlgorithmConfiguration",
        new: "ExhaustiveKnnAlgorithmConfiguration",
        arguments: &[],
    },
    Class {
        module: INDEX_MODELS,
        old: "SemanticSettings",
        new: "SemanticSearch",
        arguments: &[("default_configuration", "default_configuration_name")],
    },
    Class {
        module: INDEX_MODELS,
        old: "PrioritizedFields",
        new: "SemanticPrioritizedFields",
        arguments: &[
            ("prioritized_content_fields", "content_fields"),
            ("prioritized_keywords_fields", "keywords_fields"),
        ],
    },
    Class {
        module: INDEX_MODELS,
        old: "SearchIndex",
        new: "SearchIndex",
        arguments: &[("semantic_settings", "semantic_search")],
    },
    Class {
        module: INDEX_MODELS,
        old: "SearchField",
        new: "SearchField",
        arguments: FIELD,
    },
    Class {
        module: INDEX_MODELS,
        old: "SearchableField",
        new: "SearchableField",
        arguments: FIELD,
    },
    Class {
        module: INDEX_MODELS,
        old: "VectorSearchProfile",
        new: "VectorSearchProfile",
        arguments: &[
            ("algorithm", "algorithm_configuration_name"),
            ("vectorizer", "vectorizer_name"),
        ],
    },
];

const FIELD: &[(&str, &str)] = &[
    ("vector_search_configuration", "vector_search_profile_name"),
    ("vector_search_profile", "vector_search_profile_name"),
];

/// Arguments of `SearchClient.search` that have new names.
const SEARCH: &[(&str, &str)] = &[
    ("vectors", "vector_queries"),
    ("semantic_error_handling", "semantic_error_mode"),
    ("query_caption_highlight", "query_caption_highlight_enabled"),
];

/// Arguments of it that are gone.
const GONE: &[&str] = &["query_language", "query_speller"];

/// Classes that are gone, or are made in another way, and have no counterpart that takes the same.
const RESHAPED: &[&str] = &[
    "AnswerResult",
    "AzureMachineLearningSkill",
    "AzureOpenAIParameters",
    "AzureOpenAIVectorizer",
    "BM25Similarity",
    "CaptionResult",
    "ClassicSimilarity",
    "CustomVectorizer",
    "CustomVectorizerParameters",
    "EntityRecognitionSkill",
    "PathHierarchyTokenizer",
    "QuerySpellerType",
    "SearchIndexerCache",
    "SemanticErrorHandling",
    "SentimentSkill",
    "SuggestOptions",
    "odata",
];

/// What only the arguments that are gone have been made of.
const LANGUAGE: &str = "QueryLanguage";

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    edits: Edits,
    /// Whether anything is there that is gone.
    is_old: bool,
    /// Whether a profile is written, and where its class can be imported.
    writes_profile: bool,
    import: Option<(CellId, usize)>,
    /// The arguments of the cell that go.
    gone: Vec<TextRange>,
    blocked: Option<String>,
}

/// Looks at a notebook; `allowed` are places that are meant to stay.
pub(super) fn migration<'a>(
    semantic: &Semantic<'a>,
    allowed: &dyn Fn(CellId, TextRange) -> bool,
) -> Option<Migration> {
    if !mentions(semantic.units_of(ProgramId::DOCUMENT), "azure.search") {
        return None;
    }
    let mut found = Finder {
        semantic,
        unit: semantic.units().first()?,
        edits: Edits::new(),
        is_old: false,
        writes_profile: false,
        import: None,
        gone: Vec::new(),
        blocked: None,
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        found.unit = unit;
        found.gone.clear();
        found.visit_body(unit.module.body());
    }
    if !found.is_old {
        return None;
    }
    if found
        .edits
        .iter()
        .any(|(cell, edit)| allowed(*cell, edit.range))
    {
        found.blocked = Some("a part of it is meant to stay".to_owned());
    }
    if found.writes_profile && !semantic.is_bound(ProgramId::DOCUMENT, "VectorSearchProfile") {
        match found.import {
            Some((cell, at)) => {
                let edit = Edit::insert(at, ", VectorSearchProfile");
                found.edits.push((cell, edit));
            }
            None => found.blocked = Some("`VectorSearch` is not imported by its name".to_owned()),
        }
    }
    let edits = match found.blocked {
        Some(why) => Err(why),
        None => Ok(joined(found.edits)),
    };
    Some(Migration {
        words: &WORDS,
        edits,
    })
}

impl<'a> Finder<'_, 'a> {
    fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert(why.into());
    }

    fn class(path: &str) -> Option<&'static Class> {
        let (module, name) = path.rsplit_once('.')?;
        CLASSES
            .iter()
            .find(|class| class.module == module && class.old == name)
    }

    /// New names of arguments.
    fn renamed(&mut self, call: &'a ExprCall, names: &[(&str, &str)]) {
        for keyword in &call.arguments.keywords {
            let Some(name) = &keyword.arg else {
                let text = range(&keyword.value).of(self.unit.source);
                if !names.is_empty() {
                    self.block(format!("nobody can tell which arguments `{text}` has"));
                }
                continue;
            };
            let new = names.iter().find(|(old, _)| *old == name.as_str());
            if let Some((_, new)) = new {
                let edit = Edit::replace(range(name), *new);
                self.edits.push((self.unit.cell, edit));
            }
        }
    }

    /// `VectorSearch(algorithm_configurations=[...])`.
    fn vector_search(&mut self, call: &'a ExprCall) -> Result<(), String> {
        let mut arguments = Arguments::of(self.unit, call)?;
        let Some(algorithms) = arguments.get("algorithm_configurations", None) else {
            return Ok(());
        };
        self.is_old = true;
        arguments.rename(algorithms, "algorithms");
        if arguments.get("profiles", None).is_none() {
            let unclear = || "nobody can tell which algorithms there are".to_owned();
            let (home, made) = self.semantic.value_of(self.unit, algorithms);
            let Expr::List(list) = made else {
                return Err(unclear());
            };
            let mut profiles = Vec::new();
            for element in &list.elts {
                let (home, made) = self.semantic.value_of(home, element);
                let Expr::Call(made) = made else {
                    return Err(unclear());
                };
                let name = made.arguments.find_argument_value("name", 0);
                let name = name
                    .filter(|name| string_value(name).is_some() || name.is_name_expr())
                    .ok_or_else(unclear)?;
                let name = range(name).of(home.source);
                profiles.push(format!(
                    "VectorSearchProfile(name={name}, algorithm_configuration_name={name})"
                ));
            }
            arguments.last(format!("profiles=[{}]", profiles.join(", ")));
            self.writes_profile = true;
        }
        let cell = self.unit.cell;
        let edits = arguments.finish().into_iter();
        self.edits.extend(edits.map(|edit| (cell, edit)));
        Ok(())
    }

    /// `client.search(vectors=[...])`.
    fn search(&mut self, call: &'a ExprCall) -> Result<(), String> {
        let has = |name: &str| call.arguments.find_keyword(name).is_some();
        let Expr::Attribute(method) = &*call.func else {
            return Ok(());
        };
        let made = self.semantic.made_by(self.unit, &method.value);
        let is_client = made.is_some_and(|made| {
            made.starts_with("azure.search.documents.") && made.ends_with(".SearchClient")
        });
        if !has("vectors") && !is_client {
            return Ok(());
        }
        if has("vector") {
            return Err("a query has its vector in the form of an earlier preview".to_owned());
        }
        if !has("vectors") && !GONE.iter().any(|name| has(name)) {
            return Ok(());
        }
        let mut arguments = Arguments::of(self.unit, call)?;
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            if GONE.contains(&name) {
                arguments.remove(value);
                self.gone.push(range(value));
            } else if let Some((_, new)) = SEARCH.iter().find(|(old, _)| *old == name) {
                arguments.rename(value, new);
            }
        }
        let cell = self.unit.cell;
        let edits = arguments.finish().into_iter();
        self.edits.extend(edits.map(|edit| (cell, edit)));
        Ok(())
    }

    /// The name of a class where it is used; imports are looked at by themselves.
    fn name(&mut self, expr: &'a Expr) {
        let Some(path) = self.semantic.qualified(self.unit, expr) else {
            return;
        };
        if path
            .strip_prefix(MODELS)
            .and_then(|it| it.strip_prefix('.'))
            == Some(LANGUAGE)
        {
            self.block("the language of a query is no longer sent");
        }
        let Some(class) = Self::class(&path).filter(|class| class.old != class.new) else {
            return;
        };
        self.is_old = true;
        let at = match expr {
            Expr::Attribute(attribute) => range(&attribute.attr),
            _ => range(expr),
        };
        // Another name that the import gives stays.
        if at.of(self.unit.source) == class.old {
            self.edits
                .push((self.unit.cell, Edit::replace(at, class.new)));
        }
    }
}

/// Takes one of several names out of an import.
fn without(unit: &Unit<'_>, names: &[Alias], alias: &Alias) -> Option<Edit> {
    let at = range(alias);
    let (start, end) = (
        line_start(unit.source, at.start()),
        line_end(unit.source, at.end()),
    );
    let line = TextRange::new(start, end).of(unit.source).trim();
    if names.len() > 1 && line.strip_suffix(',') == Some(at.of(unit.source)) {
        return Some(without_line(unit, at));
    }
    let index = names.iter().position(|it| range(it) == at)?;
    match (names.get(index + 1), index.checked_sub(1)) {
        (Some(next), _) => Some(Edit::delete(TextRange::new(
            at.start(),
            range(next).start(),
        ))),
        (None, Some(before)) => {
            let before = range(names.get(before)?);
            Some(Edit::delete(TextRange::new(before.end(), at.end())))
        }
        (None, None) => None,
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::ImportFrom(import) = stmt
            && let Some(module) = &import.module
            && (module.as_str() == MODELS || module.as_str() == INDEX_MODELS)
        {
            let names: Vec<&str> = import.names.iter().map(|it| it.name.as_str()).collect();
            let mut written: Vec<&str> = Vec::new();
            for alias in &import.names {
                let name = alias.name.as_str();
                if name == "*" {
                    self.block("the classes are imported by a star");
                }
                if name == "VectorSearch" && alias.asname.is_none() {
                    self.import = Some((self.unit.cell, range(alias).end()));
                }
                if RESHAPED.contains(&name) {
                    self.block(format!("`{name}` has no counterpart that takes the same"));
                }
                if name == LANGUAGE {
                    match without(self.unit, &import.names, alias) {
                        Some(edit) => self.edits.push((self.unit.cell, edit)),
                        None => self.block(format!("`{LANGUAGE}` is imported by itself")),
                    }
                }
                let class = Self::class(&format!("{module}.{name}"));
                let Some(class) = class.filter(|class| class.old != class.new) else {
                    continue;
                };
                self.is_old = true;
                if names.contains(&class.new) || written.contains(&class.new) {
                    self.block(format!("`{}` is imported, too", class.new));
                }
                written.push(class.new);
                let edit = Edit::replace(range(&alias.name), class.new);
                self.edits.push((self.unit.cell, edit));
            }
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.gone.iter().any(|gone| gone.covers(range(expr))) {
            return;
        }
        if let Expr::Call(call) = expr {
            let path = self.semantic.qualified(self.unit, &*call.func);
            let mut done = Ok(());
            match path.as_deref() {
                Some("azure.search.documents.indexes.models.VectorSearch") => {
                    done = self.vector_search(call);
                }
                Some(path) => {
                    if let Some(class) = Self::class(path) {
                        self.renamed(call, class.arguments);
                    }
                }
                None => {}
            }
            if matches!(&*call.func, Expr::Attribute(method) if method.attr.as_str() == "search") {
                done = done.and_then(|()| self.search(call));
            }
            if let Err(why) = done {
                self.block(why);
            }
        }
        let is_name = match expr {
            Expr::Name(name) => name.ctx.is_load(),
            Expr::Attribute(_) => true,
            _ => false,
        };
        if is_name && let Some((root, _)) = dotted(expr) {
            let at = range(root).start();
            let binding = self.semantic.binding(self.unit, root.id.as_str(), at);
            if binding.is_some_and(|it| matches!(it.kind, BindingKind::Import(_))) {
                self.name(expr);
                return;
            }
        }
        walk_expr(self, expr);
    }
}
