//! What a model or a call is set up with: several arguments of old, one `GenerateContentConfig` of today.

use nbfix_python::ast::{Expr, Number};
use nbfix_python::{range, string_value};
use nbfix_semantic::Unit;

use super::kinds::Kind;
use super::reader::Plan;
use super::values::safety;
use crate::migrate::places::Edits;

/// What a `GenerationConfig` says, and a `GenerateContentConfig` under the same name.
pub(super) const FIELDS: &[&str] = &[
    "candidate_count",
    "stop_sequences",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "response_mime_type",
    "response_schema",
    "presence_penalty",
    "frequency_penalty",
    "response_logprobs",
    "logprobs",
];

/// The arguments that set something up.
pub(super) const ARGUMENTS: &[&str] = &[
    "generation_config",
    "safety_settings",
    "system_instruction",
    "request_options",
    "tools",
    "tool_config",
];

/// The settings of a model or of a call.
#[derive(Default)]
pub(super) struct Settings {
    fields: Vec<(String, String)>,
    /// A dictionary of more of them.
    spread: Option<String>,
    /// An object that has them.
    whole: Option<String>,
    /// Whether it holds nothing but what a `GenerationConfig` does.
    is_more: bool,
    pub(super) has_instruction: bool,
    /// Edits of what the settings are made of in other places.
    pub(super) edits: Edits,
}

impl Settings {
    /// Takes one of [`ARGUMENTS`].
    pub(super) fn add<'a>(
        &mut self,
        plan: &Plan<'_, 'a>,
        unit: &Unit<'a>,
        name: &str,
        value: &'a Expr,
    ) -> Result<(), String> {
        let text = range(value).of(unit.source);
        if value.is_none_literal_expr() {
            return Ok(());
        }
        match name {
            "generation_config" => self.generation(plan, unit, value),
            "system_instruction" => {
                (self.is_more, self.has_instruction) = (true, true);
                self.fields.push((name.to_owned(), text.to_owned()));
                Ok(())
            }
            "safety_settings" => {
                let (text, edits) = safety(plan, unit, value)?;
                self.is_more = true;
                self.fields.push((name.to_owned(), text));
                self.edits.extend(edits);
                Ok(())
            }
            "request_options" => {
                let seconds = seconds(value)
                    .ok_or_else(|| format!("nobody can tell what `{text}` asks for"))?;
                self.is_more = true;
                let timeout = format!(
                    "{}.types.HttpOptions(timeout={})",
                    plan.alias,
                    seconds * 1000
                );
                self.fields.push(("http_options".to_owned(), timeout));
                Ok(())
            }
            _ => Err(format!("`{name}` works in another way")),
        }
    }

    fn generation<'a>(
        &mut self,
        plan: &Plan<'_, 'a>,
        unit: &Unit<'a>,
        value: &'a Expr,
    ) -> Result<(), String> {
        let text = range(value).of(unit.source);
        let unclear = || format!("nobody can tell what `{text}` sets");
        let semantic = plan.tracer.semantic;
        let (home, made) = semantic.value_of(unit, value);
        let here = home.index == unit.index && range(made) == range(value);
        match made {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    let key = item.key.as_ref().and_then(string_value);
                    let key = key.filter(|key| FIELDS.contains(key)).ok_or_else(unclear)?;
                    if key == "stop_sequences" && !takes_list(&item.value) {
                        return Err("`stop_sequences` has to be a list".to_owned());
                    }
                    if here {
                        let value = range(&item.value).of(unit.source);
                        self.fields.push((key.to_owned(), value.to_owned()));
                    }
                }
                if !here {
                    self.spread = Some(text.to_owned());
                }
                Ok(())
            }
            Expr::Call(call) if plan.tracer.of(home, made) == Some(Kind::Settings) => {
                if !call.arguments.args.is_empty() {
                    return Err(unclear());
                }
                for keyword in &call.arguments.keywords {
                    let name = keyword.arg.as_ref().map(|name| name.as_str());
                    let name = name
                        .filter(|name| FIELDS.contains(name))
                        .ok_or_else(unclear)?;
                    if name == "stop_sequences" && !takes_list(&keyword.value) {
                        return Err("`stop_sequences` has to be a list".to_owned());
                    }
                    if here {
                        let value = range(&keyword.value).of(unit.source);
                        self.fields.push((name.to_owned(), value.to_owned()));
                    }
                }
                if !here {
                    self.whole = Some(text.to_owned());
                }
                Ok(())
            }
            _ => Err(unclear()),
        }
    }

    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.spread.is_none() && self.whole.is_none()
    }

    /// The expression for the argument `config`; `base` is the settings of the model, which these are put upon.
    /// `None` if nothing is set.
    pub(super) fn text(&self, alias: &str, base: Option<&str>) -> Result<Option<String>, String> {
        if self.is_empty() {
            return Ok(base.map(str::to_owned));
        }
        let upon = match (base, &self.whole) {
            (None, Some(whole)) if self.fields.is_empty() => return Ok(Some(whole.clone())),
            (None, Some(whole)) => Some(whole.as_str()),
            (Some(_), Some(_)) => {
                return Err("the settings of a model and of a call are both objects".to_owned());
            }
            (base, None) => base,
        };
        if base.is_some() && self.is_more {
            return Err("a call has settings that go beyond those of its model".to_owned());
        }
        let Some(upon) = upon else {
            let arguments = self.arguments().join(", ");
            return Ok(Some(format!(
                "{alias}.types.GenerateContentConfig({arguments})"
            )));
        };
        let update = match (&self.spread, self.fields.is_empty()) {
            (Some(spread), true) => spread.clone(),
            _ => {
                let fields = self
                    .fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\": {value}"));
                let spread = self.spread.iter().map(|it| format!("**{it}"));
                format!(
                    "{{{}}}",
                    spread.chain(fields).collect::<Vec<_>>().join(", ")
                )
            }
        };
        Ok(Some(format!("{upon}.model_copy(update={update})")))
    }

    /// The same as a statement that binds `name`, one argument to a line where one line would be long.
    pub(super) fn statement(
        &self,
        alias: &str,
        name: &str,
        indent: &str,
        newline: &str,
    ) -> Result<Option<String>, String> {
        let Some(text) = self.text(alias, None)? else {
            return Ok(None);
        };
        let line = format!("{indent}{name} = {text}");
        if self.whole.is_some() || line.len() <= 100 && !line.contains('\n') {
            return Ok(Some(line));
        }
        let arguments = self.arguments();
        let arguments = arguments
            .iter()
            .map(|it| format!("{indent}    {it},{newline}"));
        let arguments: String = arguments.collect();
        Ok(Some(format!(
            "{indent}{name} = {alias}.types.GenerateContentConfig({newline}{arguments}{indent})"
        )))
    }

    fn arguments(&self) -> Vec<String> {
        let spread = self.spread.iter().map(|it| format!("**{it}"));
        let fields = self
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        spread.chain(fields).collect()
    }
}

/// Whether a value is no single text, which was once taken for a list of one.
fn takes_list(value: &Expr) -> bool {
    !matches!(value, Expr::StringLiteral(_) | Expr::FString(_))
}

/// The seconds of `{"timeout": seconds}`.
fn seconds(value: &Expr) -> Option<u64> {
    let Expr::Dict(dict) = value else { return None };
    let [item] = dict.items.as_slice() else {
        return None;
    };
    let key = item.key.as_ref().and_then(string_value)?;
    let Expr::NumberLiteral(number) = &item.value else {
        return None;
    };
    match &number.value {
        Number::Int(seconds) if key == "timeout" => seconds.as_u64(),
        _ => None,
    }
}
