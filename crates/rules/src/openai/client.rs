//! The client, made once: where the key was set, or behind the import.

use nbfix_python::ast::Expr;
use nbfix_python::{range, string_value};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::{Called, Setting};
use crate::degrade::line_end;
use crate::migrate::places::{
    Edits, behind, free_name, is_alone, is_plain, newline, unit_of, without_line,
};

/// The edits of the calls, and those that make the client.
pub(super) fn edits(
    semantic: &Semantic<'_>,
    calls: &[Called<'_>],
    settings: &[Setting<'_>],
) -> Result<Edits, String> {
    let mut edits = Edits::new();
    let name = free_name(semantic, &["client", "openai_client"])?;
    let async_name = free_name(semantic, &["async_client", "async_openai_client"])?;
    for called in calls {
        let unit = unit_of(semantic, called.unit)?;
        let name = if called.asynchronous {
            async_name
        } else {
            name
        };
        let func = range(&*called.call.func);
        edits.push((
            unit.cell,
            Edit::replace(func, format!("{name}.{}", called.target)),
        ));
        edits.extend(arguments(unit, called)?);
    }
    let place = Place::find(semantic, calls, settings)?;
    let mut lines = Vec::new();
    for (asynchronous, name) in [(false, name), (true, async_name)] {
        if calls
            .iter()
            .any(|called| called.asynchronous == asynchronous)
        {
            let class = place.class(asynchronous);
            let (alias, given) = (&place.alias, place.arguments.join(", "));
            lines.push(format!("{name} = {alias}.{class}({given})"));
        }
    }
    edits.extend(place.insert(semantic, &lines, settings)?);
    Ok(edits)
}

/// Keyword arguments that have other names now.
fn arguments(unit: &Unit<'_>, called: &Called<'_>) -> Result<Edits, String> {
    let arguments = &called.call.arguments;
    let mut edits = Edits::new();
    let named: &[&str] = match called.target {
        "audio.transcriptions.create" | "audio.translations.create" => &["model", "file"],
        "moderations.create" => &["input", "model"],
        "files.create" => &["file", "purpose"],
        "fine_tuning.jobs.retrieve" | "fine_tuning.jobs.list_events" => &["fine_tuning_job_id"],
        _ => &[],
    };
    if arguments.args.len() > named.len() || arguments.args.iter().any(Expr::is_starred_expr) {
        return Err("a call has arguments without names".to_owned());
    }
    for (argument, name) in arguments.args.iter().zip(named) {
        let text = format!("{name}=");
        edits.push((unit.cell, Edit::insert(range(argument).start(), text)));
    }
    let given = named.get(..arguments.args.len()).unwrap_or_default();
    let has_model = arguments.find_keyword("model").is_some() || given.contains(&"model");
    for keyword in &arguments.keywords {
        let Some(name) = &keyword.arg else {
            return Err("a call takes its arguments from a dictionary".to_owned());
        };
        let new = match name.as_str() {
            "engine" | "deployment_id" if has_model => {
                return Err(format!("a call has both `model` and `{name}`"));
            }
            "engine" | "deployment_id" => "model",
            "id" if named == ["fine_tuning_job_id"] => "fine_tuning_job_id",
            "request_timeout" => "timeout",
            "headers" => "extra_headers",
            "api_key" | "api_base" | "api_type" | "api_version" | "organization" => {
                return Err(format!("a call has `{name}` of its own"));
            }
            _ => continue,
        };
        edits.push((unit.cell, Edit::replace(range(name), new)));
    }
    Ok(edits)
}

/// Where the client is made, and of what.
struct Place {
    unit: usize,
    /// The statement behind which it is made, or in whose place.
    stmt: TextRange,
    in_place: bool,
    /// What the notebook calls the module.
    alias: String,
    azure: bool,
    arguments: Vec<String>,
}

impl Place {
    fn find(
        semantic: &Semantic<'_>,
        calls: &[Called<'_>],
        settings: &[Setting<'_>],
    ) -> Result<Self, String> {
        let spelled = |word: &str| {
            let mut units = semantic.units_of(ProgramId::DOCUMENT);
            units.any(|unit| unit.source.contains(word))
        };
        for variable in ["OPENAI_API_TYPE", "OPENAI_API_BASE"] {
            let read = settings.iter().any(|setting| {
                let unit = semantic.units().get(setting.unit);
                unit.is_some_and(|unit| {
                    range(&*setting.stmt.value)
                        .of(unit.source)
                        .contains(variable)
                })
            });
            if spelled(variable) && !read {
                return Err(format!("`{variable}` is no longer read by the library"));
            }
        }
        let mut imports = semantic
            .names(ProgramId::DOCUMENT)
            .flat_map(|(name, bindings)| {
                bindings.iter().filter_map(move |it| match &it.kind {
                    BindingKind::Import(to) if to == "openai" => Some((it.unit, it.range, name)),
                    // A class that is imported by its name: its import becomes one of the module.
                    BindingKind::Import(to) => {
                        let class = to.strip_prefix("openai.")?;
                        super::GONE
                            .contains(&class)
                            .then_some((it.unit, it.range, "openai"))
                    }
                    _ => None,
                })
            });
        let first = imports.by_ref().min();
        let (unit, at, alias) = first.ok_or("the module is imported in another way")?;
        let first_call = calls
            .iter()
            .map(|called| (called.unit, range(called.call).start()))
            .min()
            .ok_or("there is no call")?;
        let mut azure = false;
        let mut arguments: Vec<(u8, String)> = Vec::new();
        let mut keyed = "api_key";
        for (index, setting) in settings.iter().enumerate() {
            if settings
                .iter()
                .take(index)
                .any(|other| other.name == setting.name)
            {
                return Err(format!("`openai.{}` is set more than once", setting.name));
            }
            if setting.name == "api_type" {
                let home = unit_of(semantic, setting.unit)?;
                match string_value(&setting.stmt.value) {
                    Some("azure") => azure = true,
                    Some("azure_ad" | "azuread") => (azure, keyed) = (true, "azure_ad_token"),
                    Some("open_ai" | "openai") => {}
                    _ => {
                        let text = range(&*setting.stmt.value).of(home.source);
                        return Err(format!("nobody can tell whether `{text}` is Azure"));
                    }
                }
            }
        }
        for setting in settings {
            let home = unit_of(semantic, setting.unit)?;
            if (setting.unit, range(setting.stmt).start()) > first_call
                && settings
                    .iter()
                    .any(|other| (other.unit, range(other.stmt).start()) < first_call)
            {
                return Err("the module is set up in more than one place".to_owned());
            }
            if !is_plain(&setting.stmt.value) {
                return Err(format!(
                    "`openai.{}` is made in a way that cannot be moved",
                    setting.name
                ));
            }
            let text = range(&*setting.stmt.value).of(home.source);
            let (rank, name) = match (setting.name, azure) {
                ("api_base", true) => (0, "azure_endpoint"),
                ("api_base", false) => (1, "base_url"),
                ("api_version", true) => (1, "api_version"),
                ("api_key", _) => (2, keyed),
                ("organization", _) => (3, "organization"),
                _ => continue,
            };
            arguments.push((rank, format!("{name}={text}")));
        }
        arguments.sort();
        let arguments = arguments.into_iter().map(|(_, text)| text).collect();
        let last = settings
            .iter()
            .max_by_key(|it| (it.unit, range(it.stmt).start()));
        let (unit, stmt, in_place) = match last {
            Some(last) => (last.unit, range(last.stmt), true),
            None => {
                let (unit, stmt) = behind(semantic, (unit, at), first_call, &["OPENAI_API_KEY"])?;
                (unit, stmt, false)
            }
        };
        Ok(Self {
            unit,
            stmt,
            in_place,
            alias: alias.to_owned(),
            azure,
            arguments,
        })
    }

    fn class(&self, asynchronous: bool) -> &'static str {
        match (self.azure, asynchronous) {
            (false, false) => "OpenAI",
            (false, true) => "AsyncOpenAI",
            (true, false) => "AzureOpenAI",
            (true, true) => "AsyncAzureOpenAI",
        }
    }

    fn insert(
        &self,
        semantic: &Semantic<'_>,
        lines: &[String],
        settings: &[Setting<'_>],
    ) -> Result<Edits, String> {
        let unit = unit_of(semantic, self.unit)?;
        let newline = newline(unit);
        let text = lines.join(newline);
        let shared = || "a statement shares its line with another".to_owned();
        if !is_alone(unit, self.stmt) {
            return Err(shared());
        }
        let mut edits = Edits::new();
        if self.in_place {
            edits.push((unit.cell, Edit::replace(self.stmt, text)));
        } else {
            let at = line_end(unit.source, self.stmt.end());
            edits.push((unit.cell, Edit::insert(at, format!("{newline}{text}"))));
        }
        for setting in settings {
            let (home, at) = (unit_of(semantic, setting.unit)?, range(setting.stmt));
            if self.in_place && (home.index, at) == (self.unit, self.stmt) {
                continue;
            }
            if !is_alone(home, at) {
                return Err(shared());
            }
            edits.push((home.cell, without_line(home, at)));
        }
        Ok(edits)
    }
}
