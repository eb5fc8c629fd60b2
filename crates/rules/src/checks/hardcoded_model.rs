//! `hardcoded-model`: model and deployment names written into the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use nbfix_ipynb::{CellId, CellKind};
use nbfix_lint::{Check, Findings, Level, Report, Safety};
use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall, ExprDict};
use nbfix_python::{
    SourceOrderVisitor, TraversalSignal, dotted, range, single_literal, string_value,
};
use nbfix_semantic::{Configuration, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use regex::bytes::Regex;

use crate::model_constants::{Constants, MODELS, Place, Wanted};
use crate::model_discovery::Discovery;
use crate::model_labels::{Reads, reads};
use crate::model_names::{CHAT, ascii, is_model, is_named_in, kind, kind_of_call};
use crate::model_uses::{KEYWORDS, handed};
use crate::retirement::predecessors;
use crate::settings::Settings;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// What may stand in a cell that names a model; most cells end here.
static STEMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii(
        "(?i)gpt|chatgpt|[\"'/]o[134]|dall-?e|sora|whisper|tts|embed|davinci|curie|babbage|ada-|claude|gemini|gemma|flux|llama\
         |mi[sx]tral|codestral|command-|deepseek|grok|phi-|stable-|titan|nova-|anthropic",
    )
});

/// Keys that stand beside a model's name in a request, and not in a table of results or prices.
const REQUEST_KEYS: &[&str] = &[
    "messages",
    "input",
    "prompt",
    "contents",
    "instructions",
    "tools",
    "stream",
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "response_format",
    "dimensions",
    "size",
    "api_key",
    "api_base",
    "base_url",
    "api_type",
    "api_version",
    "azure_endpoint",
    "inputs",
    "voice",
    "top_p",
    "encoding_format",
];

/// Those of them that hold what is asked.
const QUESTION_KEYS: &[&str] = &[
    "messages",
    "input",
    "inputs",
    "prompt",
    "contents",
    "instructions",
];

/// Packages that load weights onto this machine: there the name is no service's.
const LOCAL: &[&str] = &[
    "transformers",
    "diffusers",
    "sentence_transformers",
    "torch",
    "tensorflow",
    "keras",
    "timm",
    "spacy",
    "gensim",
    "flair",
    "peft",
    "trl",
    "unsloth",
    "vllm",
    "llama_cpp",
    "tensorrt_llm",
    "sglang",
    "lmdeploy",
    "gpt4all",
    "ctransformers",
    "optimum",
    "datasets",
    "huggingface_hub",
    "tokenizers",
    "onnxruntime",
    "whisper",
    "tiktoken",
    "evaluate",
    "bertopic",
    "setfit",
    "sagemaker",
    "mlx_lm",
    "ollama",
    "langchain_ollama",
    "llama_index.llms.ollama",
    "faster_whisper",
];

/// What the decorators of pipelines and clusters are called: their functions must bring all that they use.
const REMOTE: &[&str] = &[
    "component",
    "remote",
    "task",
    "step",
    "udf",
    "pipeline",
    "flow",
    "job",
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut places: BTreeMap<&'a str, Vec<Place>> = BTreeMap::new();
    let mut order: Vec<&'a str> = Vec::new();
    let mut configuring: Vec<(usize, TextRange)> = Vec::new();
    let mut kinds: BTreeMap<&'a str, &'static str> = BTreeMap::new();
    let mut hidden: BTreeSet<&'a str> = BTreeSet::new();
    let mut leaves = false;
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if !STEMS
            .as_ref()
            .is_some_and(|stems| stems.is_match(unit.source.as_bytes()))
        {
            continue;
        }
        let mut finder = Finder {
            semantic,
            unit,
            ancestors: Vec::new(),
            found: Vec::new(),
            rivals: Vec::new(),
            leaves: false,
        };
        finder.visit_body(unit.module.body());
        leaves |= finder.leaves;
        let compared = compared(&finder.found, &finder.rivals);
        for (index, found) in finder.found.into_iter().enumerate() {
            // The fix of all is one, and is to leave out what is meant to stay.
            let is_ours = Settings::of(findings).models.allows(found.model);
            if is_ours || compared.contains(&index) || findings.is_allowed(unit.cell, found.at) {
                continue;
            }
            if !order.contains(&found.model) {
                order.push(found.model);
            }
            if found.configures {
                configuring.push((unit.index, found.at));
            }
            if found.is_hidden {
                hidden.insert(found.model);
            }
            let kind = kinds.entry(found.model).or_insert(CHAT);
            if *kind == CHAT {
                *kind = found.kind;
            }
            places.entry(found.model).or_default().push(Place {
                unit: unit.index,
                at: found.at,
            });
        }
    }
    if !order.is_empty() {
        let headings = headings(semantic);
        let replace = &Settings::of(findings).models.replace;
        order.retain(|model| !is_topic(model, &headings, replace));
    }
    // What stands once, in the configuration cell, and configures something there, is where it belongs.
    if !configuring.is_empty()
        && let Some(home) = semantic
            .configuration_cell()
            .filter(Configuration::is_certain)
    {
        order.retain(|model| {
            let [place] = places.get(model).map_or(&[][..], Vec::as_slice) else {
                return true;
            };
            place.unit != home.unit || !configuring.contains(&(place.unit, place.at))
        });
    }
    if order.is_empty() {
        return;
    }
    let models: Vec<Wanted<'_>> = order
        .iter()
        .filter_map(|model| {
            Some(Wanted {
                text: model,
                kind: kinds.get(model).copied().unwrap_or(CHAT),
                places: places.get(model)?.as_slice(),
            })
        })
        .collect();
    let said = &Settings::of(findings).models;
    let discovery = Discovery::of(semantic).filter(|_| said.discover);
    let constants = Constants::plan(semantic, &models, &said.replace, &MODELS, discovery);
    for each in models {
        let Some(places) = each.places.split_first() else {
            continue;
        };
        let mut report = report(semantic, each.text, places, &constants);
        // One place at the top level is found as fast as a constant.
        let is_open = each.places.len() == 1
            && !hidden.contains(each.text)
            && constants.known(each.text).is_none();
        if is_open {
            report = report.level(Level::Note);
        }
        if leaves || constants.changes() {
            report = report.safety(Safety::Unsafe);
        }
        findings.push(report);
    }
}

/// Which of a cell's models stand side by side with others in calls, or in dictionaries of one list, of the same form: there
/// the notebook compares them, and they are what it is about.
fn compared(found: &[Found<'_>], rivals: &[Form<'_>]) -> BTreeSet<usize> {
    let is_beside = |one: &Found<'_>, other: &Found<'_>| {
        one.form.is_some()
            && one.form == other.form
            && one.kind == other.kind
            && one.model != other.model
    };
    let all = found.iter().enumerate();
    let has_rival = |one: &Found<'_>| one.form.is_some_and(|form| rivals.contains(&form));
    all.filter(|(_, one)| has_rival(one) || found.iter().any(|other| is_beside(one, other)))
        .map(|(index, _)| index)
        .collect()
}

/// Whether headings name the model, or one whose place it takes: the fix of that one leaves the headings as they are.
fn is_topic(model: &str, headings: &[&str], replace: &BTreeMap<String, String>) -> bool {
    let is_named = |name: &str| headings.iter().any(|heading| is_named_in(name, heading));
    let replaced = replace.iter().filter(|(_, successor)| *successor == model);
    is_named(model)
        || !headings.is_empty()
            && (predecessors(model).any(is_named)
                || replaced.into_iter().any(|(old, _)| is_named(old)))
}

/// The headings of the document.
fn headings<'s>(semantic: &'s Semantic<'_>) -> Vec<&'s str> {
    let cells = semantic.notebook().cells().iter();
    let markdown = cells.filter(|cell| cell.kind == CellKind::Markdown);
    let mut headings = Vec::new();
    for cell in markdown {
        let mut fenced = false;
        for line in cell.source.lines().map(str::trim) {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if !fenced && (line.starts_with('#') || line.starts_with("<h")) {
                headings.push(line);
            }
        }
    }
    headings
}

fn report(
    semantic: &Semantic<'_>,
    model: &str,
    places: (&Place, &[Place]),
    constants: &Constants,
) -> Report {
    let cell = |place: &Place| {
        semantic
            .units()
            .get(place.unit)
            .map_or(CellId(0), |unit| unit.cell)
    };
    let (first, others) = places;
    let mut report = Report::at(cell(first), first.at).with("model", model);
    report = report.with("count", (others.len() + 1).to_string());
    if !others.is_empty() {
        report = report.says("several");
    }
    for other in others {
        report = report.label(cell(other), other.at, "and here");
    }
    if let Some((unit, at, name)) = constants.known(model) {
        let cell = semantic
            .units()
            .get(*unit)
            .map_or(CellId(0), |unit| unit.cell);
        report = report.says("copied").with("name", name).label(
            cell,
            *at,
            format!("`{name}` holds it already"),
        );
    }
    // All findings of a notebook share one fix: their constants stand together.
    for (cell, edit) in constants.edits() {
        report = report.edit(*cell, edit.clone());
    }
    report
}

/// A model's name in a cell.
struct Found<'a> {
    model: &'a str,
    at: TextRange,
    /// Whether it stands in a dictionary or constructor that is bound to a name at the top level.
    configures: bool,
    /// What the model is for.
    kind: &'static str,
    /// Whether it stands in a function, a class or a loop: there it is not found at a glance.
    is_hidden: bool,
    /// What it is handed to; two of one form stand side by side.
    form: Option<Form<'a>>,
}

/// The offset of the function, class or list around, and what is called or made with a model.
type Form<'a> = (usize, &'a str);

/// What a model's name is handed to.
#[derive(Clone, Copy)]
enum To<'a> {
    Call(&'a ExprCall),
    Dict,
    Name,
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Found<'a>>,
    /// The forms in which texts stand that name something else, a deployment perhaps.
    rivals: Vec<Form<'a>>,
    /// Whether one of them stands in a function that runs elsewhere.
    leaves: bool,
}

impl<'a> Finder<'_, 'a> {
    /// Takes the literal if it names a model. `settles` is false if it is handed to a call that is no constructor.
    fn take(&mut self, value: &'a Expr, settles: bool, to: To<'a>) {
        if let Some(literal) = single_literal(value) {
            let text = string_value(value).unwrap_or_default();
            if !literal.flags.prefix().is_raw() && is_model(text) {
                let found = Found {
                    model: text,
                    at: range(value),
                    configures: settles && self.configures(value),
                    kind: self.kind(text, value, to),
                    is_hidden: self.is_hidden(to),
                    form: self.form(to),
                };
                self.found.push(found);
                self.leaves |= self.runs_elsewhere();
            } else if !text.is_empty() {
                self.rivals.extend(self.form(to));
            }
        }
    }

    /// What the model is for, by its own name, else by what it is handed to.
    fn kind(&self, text: &str, value: &Expr, to: To<'a>) -> &'static str {
        let own = kind(text);
        let To::Call(call) = to else { return own };
        // These do nothing but answer, whatever a function around them is called.
        let chats = ["gpt-", "claude", "o1", "o3", "o4", "chatgpt", "command-"];
        if own != CHAT || chats.iter().any(|start| text.starts_with(start)) {
            return own;
        }
        let mut keywords = call.arguments.keywords.iter();
        let keyword = keywords
            .find(|keyword| range(&keyword.value) == range(value))
            .and_then(|keyword| keyword.arg.as_ref());
        match keyword.map_or(CHAT, |name| kind_of_call(name.as_str())) {
            CHAT => kind_of_call(self.callee(call)),
            kind => kind,
        }
    }

    /// What is called, without the client: `images.generate`, `OpenAIEmbeddings`.
    fn callee(&self, call: &'a ExprCall) -> &'a str {
        let text = range(&*call.func).of(self.unit.source);
        if is_constructor(call) {
            return text.rsplit('.').next().unwrap_or(text);
        }
        text.split_once('.').map_or(text, |(_, rest)| rest)
    }

    /// See [`Found::form`].
    fn form(&self, to: To<'a>) -> Option<Form<'a>> {
        match to {
            To::Call(call) => {
                let around = self.ancestors.iter().rev().find(|node| is_scope(**node));
                let callee = self.callee(call);
                Some((around.map_or(0, |node| range(*node).start()), callee))
            }
            To::Dict => {
                let around = self.ancestors.last()?;
                let is_list = matches!(
                    around,
                    AnyNodeRef::ExprList(_) | AnyNodeRef::ExprTuple(_) | AnyNodeRef::ExprDict(_)
                );
                is_list.then(|| (range(*around).start(), "{}"))
            }
            To::Name => None,
        }
    }

    /// See [`Found::is_hidden`].
    fn is_hidden(&self, to: To<'a>) -> bool {
        // The body of such a request is made for one family of models.
        let is_made_for_it = match to {
            To::Call(call) => self.callee(call).starts_with("invoke_model"),
            To::Dict | To::Name => false,
        };
        !is_made_for_it
            && self.ancestors.iter().any(|node| {
                is_scope(*node) || matches!(node, AnyNodeRef::StmtFor(_) | AnyNodeRef::StmtWhile(_))
            })
    }

    /// Whether `value` is a setting: an entry of a dictionary, list or constructor that a name of the top level is bound to,
    /// `LLM = {"model": "..."}` or `llm = ChatModel(model="...")`.
    fn configures(&self, value: &Expr) -> bool {
        let Some(AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtAnnAssign(_)) = self
            .ancestors
            .iter()
            .find(|node| range(**node).covers(range(value)) && node.is_statement())
        else {
            return false;
        };
        let calls = self.ancestors.iter().filter_map(|node| match node {
            AnyNodeRef::ExprCall(call) => Some(*call),
            _ => None,
        });
        calls.into_iter().all(is_constructor)
    }

    fn call(&mut self, call: &'a ExprCall) {
        let candidates = handed(self.semantic, self.unit, call);
        if candidates.is_empty() {
            return;
        }
        let path = self.semantic.qualified(self.unit, &*call.func);
        if self.loads_weights(call, path.as_deref()) {
            return;
        }
        for value in candidates {
            self.take(value, is_constructor(call), To::Call(call));
        }
    }

    /// Whether the call loads weights onto this machine.
    fn loads_weights(&self, call: &'a ExprCall, path: Option<&str>) -> bool {
        let is_local = |path: &str| {
            LOCAL.iter().any(|known| {
                path == *known
                    || path
                        .strip_prefix(known)
                        .is_some_and(|rest| rest.starts_with('.'))
            })
        };
        let by_receiver = || match &*call.func {
            Expr::Attribute(method) => self.semantic.made_by(self.unit, &method.value),
            _ => None,
        };
        let spelled = dotted(&*call.func)
            .and_then(|(_, parts)| parts.last().copied())
            .unwrap_or_default();
        matches!(
            spelled,
            "from_pretrained" | "load_model" | "encoding_for_model" | "pipeline" | "token_counter"
        ) || spelled.contains("Ollama")
            || counts_tokens(spelled)
            || path.is_some_and(is_local)
            || by_receiver().is_some_and(|path| is_local(&path))
    }

    /// `{"model": "...", "messages": ...}`: a request, or the configuration of a client.
    fn dict(&mut self, dict: &'a ExprDict) {
        let key = |name: &str| KEYWORDS.contains(&name);
        let keys: Vec<&str> = dict
            .items
            .iter()
            .filter_map(|item| string_value(item.key.as_ref()?))
            .collect();
        let is_request = keys.iter().any(|key| REQUEST_KEYS.contains(key));
        if !is_request {
            return;
        }
        // With a question in it, it is a request and no setting.
        let asks = keys.iter().any(|key| QUESTION_KEYS.contains(key));
        for item in &dict.items {
            if item.key.as_ref().and_then(string_value).is_some_and(key) {
                self.take(&item.value, !asks, To::Dict);
            }
        }
    }

    /// Whether the function around is sent to another machine, where the notebook's constants are not.
    fn runs_elsewhere(&self) -> bool {
        self.ancestors.iter().any(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => {
                function.decorator_list.iter().any(|decorator| {
                    let callee = match &decorator.expression {
                        Expr::Call(call) => &*call.func,
                        other => other,
                    };
                    let name = dotted(callee).and_then(|(_, parts)| parts.last().copied());
                    name.is_some_and(|name| REMOTE.iter().any(|word| name.contains(word)))
                })
            }
            _ => false,
        })
    }

    fn inside_function_or_class(&self) -> bool {
        self.ancestors.iter().any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_)
            )
        })
    }

    /// How the innermost function around reads a name of its own.
    fn reads(&self, name: &str) -> Reads {
        let around = self.ancestors.iter().rev();
        let scope = around.into_iter().find(|node| is_scope(**node));
        match scope {
            Some(AnyNodeRef::StmtFunctionDef(function)) => reads(&function.body, name),
            _ => Reads::Otherwise,
        }
    }

    /// `model = "..."` below the top level: as hard to find as in a call. At the top level it is a constant.
    fn assignment(&mut self, targets: &'a [Expr], value: &'a Expr) {
        if !self.inside_function_or_class() {
            return;
        }
        let named = targets.iter().any(|target| {
            let name = dotted(target)
                .and_then(|(_, parts)| parts.last().copied())
                .unwrap_or_default();
            KEYWORDS.contains(&name.to_lowercase().as_str())
        });
        // The name of what the function makes is no model.
        let names = targets
            .iter()
            .filter_map(Expr::as_name_expr)
            .any(|target| self.reads(&target.id) == Reads::AsLabel);
        if named && !names {
            self.take(value, false, To::Name);
        }
    }
}

/// Whether the node is a function or a class.
fn is_scope(node: AnyNodeRef<'_>) -> bool {
    matches!(
        node,
        AnyNodeRef::StmtFunctionDef(_) | AnyNodeRef::StmtClassDef(_) | AnyNodeRef::ExprLambda(_)
    )
}

/// Whether a call makes an object, by the name of what is called: classes begin with a capital letter.
fn is_constructor(call: &ExprCall) -> bool {
    let name = dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
    name.is_some_and(|name| name == "dict" || name.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Whether a function of this name asks for the model's encoding only.
fn counts_tokens(name: &str) -> bool {
    name.contains("token")
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprCall(call) => self.call(call),
            AnyNodeRef::ExprDict(dict) => self.dict(dict),
            AnyNodeRef::StmtAssign(assign) => self.assignment(&assign.targets, &assign.value),
            AnyNodeRef::StmtAnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assignment(std::slice::from_ref(&assign.target), value);
                }
            }
            AnyNodeRef::ParameterWithDefault(parameter) => {
                let named = KEYWORDS.contains(&parameter.parameter.name.as_str());
                let counts = self.ancestors.iter().any(|node| match node {
                    AnyNodeRef::StmtFunctionDef(function) => counts_tokens(function.name.as_str()),
                    _ => false,
                });
                // What the function never reads tells nobody what to use.
                let is_read = || self.reads(&parameter.parameter.name) != Reads::Never;
                if let Some(default) = parameter.default.as_deref()
                    && named
                    && !counts
                    && is_read()
                {
                    self.take(default, false, To::Name);
                }
            }
            _ => {}
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}
