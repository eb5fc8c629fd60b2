//! Models that are made, and the methods of models and chats.

use nbfix_python::ast::{Expr, ExprAttribute, ExprCall};
use nbfix_python::range;
use nbfix_semantic::ProgramId;
use nbfix_text::Edit;

use super::Model;
use super::kinds::streams;
use super::reader::{Done, Reader};
use super::settings::{ARGUMENTS, Settings};
use crate::degrade::line_end;
use crate::migrate::arguments::Arguments;
use crate::migrate::places::{newline, own_indent};

/// The model of a call that names none.
const DEFAULT_MODEL: &str = "\"gemini-1.5-flash-002\"";

impl<'a> Reader<'_, 'a> {
    /// The name of a model that is made, and its settings.
    fn parts(&mut self, call: &'a ExprCall) -> Result<(String, Settings), String> {
        let arguments = Arguments::of(self.unit, call)?;
        if arguments.positional() > 1 {
            return Err("a model is made with arguments without names".to_owned());
        }
        let mut settings = Settings::default();
        for (name, keyword) in arguments.keywords() {
            if ARGUMENTS.contains(&name) {
                settings.add(self.plan, self.unit, name, &keyword.value)?;
            } else if name != "model_name" {
                return Err(format!("a model is made with `{name}`"));
            }
        }
        let name = match arguments.get("model_name", Some(0)) {
            Some(name) if self.text(name).contains('\n') => format!("({})", self.text(name)),
            Some(name) => self.text(name).to_owned(),
            None => DEFAULT_MODEL.to_owned(),
        };
        self.read.edits.append(&mut settings.edits);
        Ok((name, settings))
    }

    /// `genai.GenerativeModel(...)` by itself.
    pub(super) fn model(&mut self, call: &'a ExprCall) -> Done {
        let (name, settings) = self.parts(call)?;
        let here =
            |model: &&Model<'_>| model.unit == self.unit.index && range(model.call) == range(call);
        let model = self.plan.models.iter().find(here);
        let bound = model.and_then(|model| model.bound);
        if let Some((stmt, target)) = bound {
            let Some(indent) = own_indent(self.unit, range(stmt)) else {
                return Err("a model shares its line with another statement".to_owned());
            };
            let beside = format!("{}_config", self.text(target));
            let newline = newline(self.unit);
            if let Some(text) = settings.statement(self.plan.alias, &beside, indent, newline)? {
                if self
                    .plan
                    .tracer
                    .semantic
                    .is_bound(ProgramId::DOCUMENT, &beside)
                {
                    return Err(format!("`{beside}` has another meaning here"));
                }
                let at = line_end(self.unit.source, range(stmt).end());
                let text = format!("{newline}{text}");
                self.read
                    .edits
                    .push((self.unit.cell, Edit::insert(at, text)));
            }
        } else if settings.text(self.plan.alias, None)?.is_some() {
            return Err("a model with settings is not bound to a name".to_owned());
        }
        self.taken.push(range(call));
        self.replace(range(call), name);
        Ok(())
    }

    /// The model's name and its settings, where a method of it is called.
    fn receiver(
        &mut self,
        receiver: &'a Expr,
        id: Option<usize>,
    ) -> Result<(String, Option<String>, bool), String> {
        if let Expr::Call(call) = receiver
            && self.plan.paths.get(&(self.unit.index, range(call))) == Some(&"GenerativeModel")
        {
            let (name, settings) = self.parts(call)?;
            self.taken.push(range(call));
            let base = settings.text(self.plan.alias, None)?;
            return Ok((name, base, settings.has_instruction));
        }
        let name = self.text(receiver).to_owned();
        let Some(model) = id.and_then(|id| self.plan.models.get(id)) else {
            return Ok((name, None, false));
        };
        let home = self.plan.tracer.semantic.units().get(model.unit);
        let is_its_own = model
            .bound
            .zip(home)
            .is_some_and(|((_, target), home)| range(target).of(home.source) == name);
        if !is_its_own {
            return Err(format!("the settings of `{name}` cannot be followed"));
        }
        let instruction = model.call.arguments.find_keyword("system_instruction");
        Ok((
            name.clone(),
            Some(format!("{name}_config")),
            instruction.is_some(),
        ))
    }

    /// A method of a model.
    pub(super) fn of_model(
        &mut self,
        call: &'a ExprCall,
        method: &'a ExprAttribute,
        id: Option<usize>,
    ) -> Done {
        let client = self.plan.client;
        let name = method.attr.as_str();
        let mut arguments = Arguments::of(self.unit, call)?;
        let (model, base, has_instruction) = self.receiver(&method.value, id)?;
        if arguments.positional() > 1 {
            return Err(format!("`{name}` has arguments without names"));
        }
        let aio = if name.ends_with("_async") { ".aio" } else { "" };
        let mut given = Vec::new();
        let mut settings = Settings::default();
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "contents" | "history" => {}
                "stream" if value.is_boolean_literal_expr() => arguments.remove(value),
                "enable_automatic_function_calling" => arguments.remove(value),
                _ if ARGUMENTS.contains(&name) && name != "system_instruction" => {
                    settings.add(self.plan, self.unit, name, value)?;
                    given.push((name, value));
                }
                _ => return Err(format!("a call of the model has `{name}`")),
            }
        }
        match name.trim_end_matches("_async") {
            "generate_content" => {
                let contents = arguments
                    .get("contents", Some(0))
                    .ok_or("a call of the model says nothing")?;
                self.sendable(contents)?;
                arguments.rename(contents, "contents");
                let stream = if streams(call) { "_stream" } else { "" };
                arguments.calls(format!("{client}{aio}.models.generate_content{stream}"));
            }
            "count_tokens" => {
                let contents = arguments
                    .get("contents", Some(0))
                    .ok_or("a call of the model says nothing")?;
                if has_instruction {
                    return Err("tokens of the system instruction are no longer counted".to_owned());
                }
                if !given.is_empty() {
                    return Err("tokens are counted with settings".to_owned());
                }
                self.sendable(contents)?;
                arguments.rename(contents, "contents");
                arguments.calls(format!("{client}{aio}.models.count_tokens"));
                arguments.first(format!("model={model}"));
                self.calls(call);
                self.finish(arguments);
                return Ok(());
            }
            _ => {
                if let Some(history) = arguments.get("history", Some(0)) {
                    match history {
                        Expr::List(list) if list.elts.is_empty() => arguments.remove(history),
                        _ => arguments.rename(history, "history"),
                    }
                }
                arguments.calls(format!("{client}.chats.create"));
            }
        }
        arguments.first(format!("model={model}"));
        if let Some(text) = settings.text(self.plan.alias, base.as_deref())? {
            let text = format!("config={text}");
            match given.is_empty() {
                true => arguments.last(text),
                false => self.join(&mut arguments, &given, text),
            }
        } else {
            for (_, value) in &given {
                arguments.remove(value);
            }
        }
        self.read.edits.append(&mut settings.edits);
        self.calls(call);
        self.finish(arguments);
        Ok(())
    }

    /// A method of a chat.
    pub(super) fn of_chat(
        &mut self,
        call: &'a ExprCall,
        method: &'a ExprAttribute,
        has_settings: bool,
    ) -> Done {
        if method.attr.as_str() != "send_message" {
            return Err(format!("a chat has no `{}` any more", method.attr));
        }
        let mut arguments = Arguments::of(self.unit, call)?;
        let content = arguments
            .get("content", Some(0))
            .filter(|_| arguments.positional() <= 1)
            .ok_or("a message says nothing")?;
        self.sendable(content)?;
        if arguments.positional() == 0 {
            arguments.rename(content, "message");
        }
        let mut settings = Settings::default();
        let mut given = Vec::new();
        let keywords: Vec<(&str, &'a Expr)> = arguments
            .keywords()
            .map(|(name, keyword)| (name, &keyword.value))
            .collect();
        for (name, value) in keywords {
            match name {
                "content" => {}
                "stream" if value.is_boolean_literal_expr() => arguments.remove(value),
                _ if ARGUMENTS.contains(&name) && !has_settings => {
                    settings.add(self.plan, self.unit, name, value)?;
                    given.push((name, value));
                }
                _ => return Err(format!("a message has `{name}`")),
            }
        }
        if let Some(text) = settings.text(self.plan.alias, None)? {
            self.join(&mut arguments, &given, format!("config={text}"));
        }
        if streams(call) {
            self.replace(range(&method.attr), "send_message_stream");
        }
        self.read.edits.append(&mut settings.edits);
        self.finish(arguments);
        Ok(())
    }

    /// Whether both libraries take what is sent.
    fn sendable(&self, contents: &'a Expr) -> Done {
        let single = std::slice::from_ref(contents);
        let parts = match contents {
            Expr::List(list) => list.elts.as_slice(),
            _ => single,
        };
        for part in parts {
            let made = self.plan.tracer.semantic.made_by(self.unit, part);
            if made.is_some_and(|made| made.starts_with("IPython.")) {
                let text = self.text(part);
                return Err(format!("`{text}` is a picture that is no longer taken"));
            }
        }
        Ok(())
    }
}
