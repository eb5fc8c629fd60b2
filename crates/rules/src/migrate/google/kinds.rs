//! What the calls of `google.generativeai` give, and what can be read of it.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, ExprCall};
use nbfix_python::range;
use nbfix_semantic::Unit;
use nbfix_text::TextRange;

use super::Model;
use crate::migrate::trace::{Kinds, Tracer};

/// What an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A model; with settings, which of them.
    Model(Option<usize>),
    /// A talk with a model, and whether that has settings.
    Chat(bool),
    /// What a talk has said.
    History,
    /// An answer, or a piece of one.
    Answer,
    /// An answer that comes in pieces.
    Pieces,
    Candidates,
    Candidate,
    FinishReason,
    /// Descriptions of models, and one of them.
    Infos,
    Info,
    /// Files that were sent, and one of them.
    Files,
    File,
    /// What `embed_content` gives, and whether for many texts.
    Embedded(bool),
    Count,
    /// A `GenerationConfig`.
    Settings,
}

impl Kind {
    /// What may be read of it under the same name, or the new name.
    pub(super) fn reads(self, name: &str) -> Option<&str> {
        let same: &[&str] = match self {
            Self::Answer => &[
                "text",
                "candidates",
                "usage_metadata",
                "prompt_feedback",
                "parts",
            ],
            Self::Candidate => &[
                "content",
                "finish_reason",
                "safety_ratings",
                "index",
                "token_count",
                "citation_metadata",
                "grounding_metadata",
            ],
            Self::FinishReason => &["name"],
            Self::Info if name == "supported_generation_methods" => {
                return Some("supported_actions");
            }
            Self::Info => &[
                "name",
                "display_name",
                "description",
                "version",
                "input_token_limit",
                "output_token_limit",
                "temperature",
                "top_p",
                "top_k",
            ],
            Self::File => &[
                "name",
                "display_name",
                "mime_type",
                "uri",
                "state",
                "size_bytes",
                "create_time",
                "update_time",
                "expiration_time",
            ],
            Self::Count => &["total_tokens"],
            Self::Settings => super::settings::FIELDS,
            _ => &[],
        };
        same.contains(&name).then_some(name)
    }

    /// How it is spoken of.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Model(_) => "the model",
            Self::Chat(_) => "the chat",
            Self::Pieces => "the stream",
            Self::Embedded(_) => "the embedding",
            Self::Settings => "the settings",
            Self::Infos | Self::Info => "the description of models",
            _ => "the answer",
        }
    }
}

/// What a call of the library gives; `path` is what is called, `many` whether
/// an embedding is one of many texts.
pub(super) fn of_call(
    path: &str,
    models: &[Model<'_>],
    unit: usize,
    call: &ExprCall,
    many: bool,
) -> Option<Kind> {
    Some(match path {
        "GenerativeModel" => {
            let is = |model: &Model<'_>| model.unit == unit && range(model.call) == range(call);
            let index = models.iter().position(is)?;
            Kind::Model(models.get(index)?.is_set_up().then_some(index))
        }
        "GenerationConfig" | "types.GenerationConfig" => Kind::Settings,
        "list_models" => Kind::Infos,
        "get_model" => Kind::Info,
        "list_files" => Kind::Files,
        "upload_file" | "get_file" => Kind::File,
        "embed_content" => Kind::Embedded(many),
        _ => return None,
    })
}

/// The calls of a notebook.
pub(super) struct Google {
    known: BTreeMap<(usize, TextRange), Kind>,
}

impl Google {
    pub(super) fn new(known: BTreeMap<(usize, TextRange), Kind>) -> Self {
        Self { known }
    }
}

/// Whether a call asks for its answer in pieces.
pub(super) fn streams(call: &ExprCall) -> bool {
    let stream = call.arguments.find_keyword("stream");
    stream.is_some_and(|it| !matches!(&it.value, Expr::BooleanLiteral(no) if !no.value))
}

impl<'a> Kinds<'a> for Google {
    type Kind = Kind;

    fn known(&self, _: &Tracer<'_, 'a, Self>, unit: &Unit<'a>, expr: &'a Expr) -> Option<Kind> {
        self.known.get(&(unit.index, range(expr))).copied()
    }

    fn member(&self, of: Kind, name: &str) -> Option<Kind> {
        match (of, name) {
            (Kind::Chat(_), "history") => Some(Kind::History),
            (Kind::Answer, "candidates") => Some(Kind::Candidates),
            (Kind::Candidate, "finish_reason") => Some(Kind::FinishReason),
            _ => None,
        }
    }

    fn item(&self, of: Kind, slice: &Expr) -> Option<Kind> {
        match of {
            Kind::Candidates if !matches!(slice, Expr::Slice(_)) => Some(Kind::Candidate),
            _ => None,
        }
    }

    fn method(&self, of: Kind, name: &str, call: &'a ExprCall) -> Option<Kind> {
        let answer = match streams(call) {
            true => Kind::Pieces,
            false => Kind::Answer,
        };
        match (of, name) {
            (Kind::Model(_), "generate_content" | "generate_content_async") => Some(answer),
            (Kind::Model(settings), "start_chat") => Some(Kind::Chat(settings.is_some())),
            (Kind::Model(_), "count_tokens" | "count_tokens_async") => Some(Kind::Count),
            (Kind::Chat(_), "send_message") => Some(answer),
            _ => None,
        }
    }

    fn element(&self, of: Kind) -> Option<Kind> {
        match of {
            Kind::Pieces => Some(Kind::Answer),
            Kind::Infos => Some(Kind::Info),
            Kind::Files => Some(Kind::File),
            Kind::Candidates => Some(Kind::Candidate),
            _ => None,
        }
    }
}
