//! Calls of the functions and classes of the library.

use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall};
use nbfix_python::{range, string_value};

use super::kinds::Kind;
use super::reader::{Done, Reader};
use super::values;
use crate::migrate::arguments::Arguments;

impl<'a> Reader<'_, 'a> {
    /// A call of a function or class of the library.
    pub(super) fn library(&mut self, call: &'a ExprCall, path: &str) -> Done {
        let (alias, client) = (self.plan.alias, self.plan.client);
        let unit = self.unit;
        let gone = || Err(format!("`{path}` has no counterpart that takes the same"));
        let mut arguments = Arguments::of(unit, call)?;
        let only = |names: &[&str], arguments: &Arguments<'_, 'a>| {
            arguments.positional() <= names.len()
                && arguments.keywords().all(|(name, _)| names.contains(&name))
        };
        match path {
            "configure" => return self.configure(call, arguments),
            "GenerativeModel" => return self.model(call),
            "GenerationConfig" | "types.GenerationConfig" => {
                if arguments.positional() > 0 {
                    return gone();
                }
                arguments.calls(format!("{alias}.types.GenerateContentConfig"));
            }
            "list_models" | "list_files" if only(&[], &arguments) => {
                let of = path.trim_start_matches("list_");
                arguments.calls(format!("{client}.{of}.list"));
            }
            "get_model" if only(&["name"], &arguments) => {
                let Some(name) = arguments.get("name", Some(0)) else {
                    return gone();
                };
                arguments.rename(name, "model");
                arguments.calls(format!("{client}.models.get"));
            }
            "get_file" | "delete_file" if only(&["name"], &arguments) => {
                let Some(name) = arguments.get("name", Some(0)) else {
                    return gone();
                };
                match self.plan.tracer.of(unit, name) {
                    Some(Kind::File) => {
                        arguments.replace(name, format!("name={}.name", self.text(name)))
                    }
                    _ => arguments.rename(name, "name"),
                }
                let method = path.trim_end_matches("_file");
                arguments.calls(format!("{client}.files.{method}"));
            }
            "upload_file" if only(&["path", "mime_type", "name", "display_name"], &arguments) => {
                let Some(path) = arguments.get("path", Some(0)) else {
                    return gone();
                };
                if arguments.positional() > 1 {
                    return gone();
                }
                arguments.rename(path, "file");
                let fields: Vec<(&str, &'a Expr)> = arguments
                    .keywords()
                    .filter(|(name, _)| *name != "path")
                    .map(|(name, keyword)| (name, &keyword.value))
                    .collect();
                let texts = fields
                    .iter()
                    .map(|(name, value)| format!("\"{name}\": {}", self.text(value)));
                let text = format!("config={{{}}}", texts.collect::<Vec<_>>().join(", "));
                self.join(&mut arguments, &fields, text);
                arguments.calls(format!("{client}.files.upload"));
            }
            "embed_content" => return self.embed(call, arguments),
            _ => return gone(),
        }
        if !path.ends_with("GenerationConfig") {
            self.calls(call);
        }
        self.finish(arguments);
        Ok(())
    }

    /// `genai.configure(api_key=...)`.
    fn configure(&mut self, call: &'a ExprCall, mut arguments: Arguments<'_, 'a>) -> Done {
        let is_statement = matches!(self.ancestors.last(), Some(AnyNodeRef::StmtExpr(_)));
        if !is_statement || self.in_function() {
            return Err("the key is set in a function".to_owned());
        }
        if arguments.positional() > 0 {
            return Err("the library is set up in a way that cannot be told".to_owned());
        }
        let alias = self.plan.alias;
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "api_key" => {}
                // The new library knows one way only.
                "transport" => arguments.remove(value),
                "client_options" => {
                    let url = endpoint(value).ok_or("nobody can tell which server is asked")?;
                    let known = self.plan.tracer.semantic.value(self.unit, url);
                    let begins = known.likely().unwrap_or_default();
                    if !begins.starts_with("http://") && !begins.starts_with("https://") {
                        return Err("the server is named without its protocol".to_owned());
                    }
                    let text = format!(
                        "http_options={alias}.types.HttpOptions(base_url={})",
                        self.text(url)
                    );
                    self.taken.push(range(value));
                    arguments.replace(value, text);
                }
                _ => return Err(format!("the library is set up with `{name}`")),
            }
        }
        arguments.calls(format!("{} = {alias}.Client", self.plan.client));
        self.read.configured.get_or_insert(range(call).start());
        self.finish(arguments);
        Ok(())
    }

    /// `genai.embed_content(...)`.
    fn embed(&mut self, call: &'a ExprCall, mut arguments: Arguments<'_, 'a>) -> Done {
        let (alias, client) = (self.plan.alias, self.plan.client);
        let model = arguments.get("model", Some(0));
        let content = arguments.get("content", Some(1));
        let (Some(model), Some(content), true) = (model, content, arguments.positional() <= 2)
        else {
            return Err("an embedding is made of arguments without names".to_owned());
        };
        if !self.plan.many.contains_key(&(self.unit.index, range(call))) {
            let text = self.text(content);
            return Err(format!(
                "nobody can tell whether `{text}` is one text or a list of them"
            ));
        }
        arguments.rename(model, "model");
        arguments.rename(content, "contents");
        let mut fields = Vec::new();
        let mut texts = Vec::new();
        for (name, keyword) in arguments.keywords() {
            let value = &keyword.value;
            let text = match name {
                "model" | "content" => continue,
                "task_type" => values::task(self.plan.tracer.semantic, self.unit, value)?,
                "title" | "output_dimensionality" => self.text(value).to_owned(),
                _ => return Err(format!("an embedding is made with `{name}`")),
            };
            texts.push(format!("{name}={text}"));
            fields.push((name, value));
        }
        if !fields.is_empty() {
            let text = format!(
                "config={alias}.types.EmbedContentConfig({})",
                texts.join(", ")
            );
            self.join(&mut arguments, &fields, text);
        }
        arguments.calls(format!("{client}.models.embed_content"));
        self.calls(call);
        self.finish(arguments);
        Ok(())
    }
}

/// The server of `{"api_endpoint": server}`.
fn endpoint(options: &Expr) -> Option<&Expr> {
    let Expr::Dict(dict) = options else {
        return None;
    };
    let [item] = dict.items.as_slice() else {
        return None;
    };
    let key = item.key.as_ref().and_then(string_value);
    (key == Some("api_endpoint")).then_some(&item.value)
}
