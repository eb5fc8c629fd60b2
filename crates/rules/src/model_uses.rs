//! Which model is asked of whom.

use std::sync::LazyLock;

use nbfix_python::ast::{AnyNodeRef, BoolOp, Expr, ExprCall, Keyword, StringFlags as _};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use regex::bytes::{Regex, RegexBuilder};

use crate::retirement::Provider;

/// Keyword arguments, parameters and dictionary keys that take the name of a model.
pub(crate) const KEYWORDS: &[&str] = &[
    "model",
    "model_name",
    "model_id",
    "modelId",
    "modelName",
    "deployment",
    "deployment_name",
    "deployment_id",
    "azure_deployment",
    "azure_openai_deployment",
    "engine",
    "embedding_model",
    "chat_model",
    "image_model",
    "judge_model",
    "llm_model",
    "ai_model_id",
    "judge_model_name",
    "default_model",
];

/// Constructors that take the name as an argument without keyword, and which argument it is.
const POSITIONAL: &[(&str, usize)] = &[
    ("google.generativeai.GenerativeModel", 0),
    ("vertexai.generative_models.GenerativeModel", 0),
    ("vertexai.preview.generative_models.GenerativeModel", 0),
    ("langchain.chat_models.init_chat_model", 0),
    ("litellm.completion", 0),
    ("dspy.LM", 0),
];

/// The arguments of a call that take the name of a model.
pub(crate) fn handed<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Vec<&'a Expr> {
    let is_model = |keyword: &&'a Keyword| {
        let name = keyword.arg.as_ref();
        name.is_some_and(|name| KEYWORDS.contains(&name.as_str()))
    };
    let named = call.arguments.keywords.iter().filter(is_model);
    let mut handed: Vec<&'a Expr> = named.map(|keyword| &keyword.value).collect();
    if !call.arguments.args.is_empty()
        && let Some(path) = semantic.qualified(unit, &*call.func)
        && let Some((_, position)) = POSITIONAL.iter().find(|(known, _)| *known == path)
    {
        handed.extend(call.arguments.args.get(*position));
    }
    handed
}

/// What makes a client, or is one: a dotted path, and who answers.
const CLIENTS: &[(&str, Provider)] = &[
    ("openai.AzureOpenAI", Provider::Azure),
    ("openai.AsyncAzureOpenAI", Provider::Azure),
    ("langchain_openai.AzureChatOpenAI", Provider::Azure),
    ("langchain_openai.AzureOpenAIEmbeddings", Provider::Azure),
    ("langchain_openai.AzureOpenAI", Provider::Azure),
    ("llama_index.llms.azure_openai", Provider::Azure),
    ("openai", Provider::OpenAi),
    ("langchain_openai", Provider::OpenAi),
    ("langchain.chat_models.ChatOpenAI", Provider::OpenAi),
    ("langchain.llms.OpenAI", Provider::OpenAi),
    (
        "langchain_community.chat_models.ChatOpenAI",
        Provider::OpenAi,
    ),
    ("llama_index.llms.openai", Provider::OpenAi),
    ("llama_index.embeddings.openai", Provider::OpenAi),
    ("anthropic.Anthropic", Provider::Anthropic),
    ("anthropic.AsyncAnthropic", Provider::Anthropic),
    ("langchain_anthropic", Provider::Anthropic),
    ("google.genai.Client", Provider::Gemini),
    ("google.generativeai", Provider::Gemini),
    ("langchain_google_genai", Provider::Gemini),
    ("vertexai", Provider::Vertex),
    ("langchain_google_vertexai", Provider::Vertex),
    ("mistralai", Provider::Mistral),
    ("groq", Provider::Groq),
];

/// A model's name that is handed to a service.
pub(crate) struct Use<'a> {
    pub(crate) model: &'a str,
    pub(crate) provider: Provider,
    /// The unit of the literal, by its index, and the literal.
    pub(crate) unit: usize,
    pub(crate) literal: &'a Expr,
}

/// Every use whose provider the client tells; each literal once.
pub(crate) fn uses<'a>(semantic: &Semantic<'a>) -> Vec<Use<'a>> {
    let mut uses: Vec<Use<'a>> = Vec::new();
    let azure = speaks_to_azure(semantic);
    let google = google_by_environment(semantic);
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let positional = POSITIONAL
            .iter()
            .filter_map(|(path, _)| path.rsplit('.').next());
        let mut words = KEYWORDS.iter().copied().chain(positional);
        if !words.any(|word| unit.source.contains(word)) {
            continue;
        }
        let mut finder = Finder {
            semantic,
            unit,
            ancestors: Vec::new(),
            found: Vec::new(),
            azure,
            google,
        };
        finder.visit_body(unit.module.body());
        for found in finder.found {
            let place = |each: &Use<'a>| (each.unit, range(each.literal));
            if !uses.iter().any(|known| place(known) == place(&found)) {
                uses.push(found);
            }
        }
    }
    uses
}

/// Whether the notebook turns the old `openai` module, or all its clients, to Azure or to a gateway.
fn speaks_to_azure(semantic: &Semantic<'_>) -> bool {
    let marks = [
        "openai.api_type",
        "OPENAI_API_TYPE",
        "openai.api_base",
        "OPENAI_BASE_URL",
        "OPENAI_API_BASE",
    ];
    let cells = semantic.notebook().cells();
    cells
        .iter()
        .any(|cell| marks.iter().any(|mark| cell.source.contains(mark)))
}

/// An assignment of one of the variables by which Google's clients choose between Vertex AI and the Gemini API, with
/// what it is set to if that is a plain text.
static GOOGLE_VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new(
        r#"(?i)GOOGLE_GENAI_USE_(?:ENTERPRISE|VERTEXAI)(["']?\]?\s*[=:,\s]\s*["']?(?:(true|1|yes)|(false|0|no))\b)?"#,
    )
    .unicode(false)
    .build()
    .ok()
});

/// Who answers a client of Google's that is told nothing, by the variables that the notebook sets; `None` if it sets one
/// to what nobody can tell, or to several things.
fn google_by_environment(semantic: &Semantic<'_>) -> Option<Provider> {
    let mut said = None;
    for unit in semantic.units() {
        let found = GOOGLE_VARIABLE
            .as_ref()
            .filter(|_| unit.source.contains("GOOGLE_GENAI_USE_"));
        for captures in found
            .into_iter()
            .flat_map(|variable| variable.captures_iter(unit.source.as_bytes()))
        {
            let provider = if captures.get(2).is_some() {
                Provider::Vertex
            } else if captures.get(3).is_some() {
                Provider::Gemini
            } else {
                return None;
            };
            if said.is_some_and(|other| other != provider) {
                return None;
            }
            said = Some(provider);
        }
    }
    said.or(Some(Provider::Gemini))
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Use<'a>>,
    azure: bool,
    /// Who answers Google's clients that are told nothing.
    google: Option<Provider>,
}

impl<'a> Finder<'_, 'a> {
    fn call(&mut self, call: &'a ExprCall) {
        let values = handed(self.semantic, self.unit, call);
        if values.is_empty() {
            return;
        }
        let path = self.semantic.qualified(self.unit, &*call.func);
        for value in values {
            let Some((unit, literal)) = self.literal(value) else {
                continue;
            };
            let Some(model) = string_value(literal) else {
                continue;
            };
            if let Some(provider) = self.provider(call, path.as_deref()) {
                self.found.push(Use {
                    model,
                    provider,
                    unit,
                    literal,
                });
            }
        }
    }

    /// The literal that an argument stands for: itself, a constant, the default of the environment, of a parameter.
    fn literal(&self, value: &'a Expr) -> Option<(usize, &'a Expr)> {
        let (home, value) = self.semantic.value_of(self.unit, value);
        match value {
            Expr::StringLiteral(_) => Some((home.index, value)),
            Expr::Name(name) => {
                let default = self.default(name.id.as_str())?;
                default
                    .is_string_literal_expr()
                    .then_some((self.unit.index, default))
            }
            Expr::Call(call) => {
                let path = self.semantic.qualified(home, &*call.func)?;
                let default = call
                    .arguments
                    .args
                    .get(1)
                    .filter(|default| default.is_string_literal_expr())?;
                matches!(path.as_str(), "os.environ.get" | "os.getenv")
                    .then_some((home.index, default))
            }
            Expr::BoolOp(either) if either.op == BoolOp::Or => {
                let last = either
                    .values
                    .last()
                    .filter(|last| last.is_string_literal_expr())?;
                Some((home.index, last))
            }
            _ => None,
        }
    }

    /// The default of a parameter of the function around.
    fn default(&self, name: &str) -> Option<&'a Expr> {
        let function = self.ancestors.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => Some(*function),
            _ => None,
        })?;
        let mut parameters = function.parameters.iter_non_variadic_params();
        parameters
            .find(|each| each.parameter.name.as_str() == name)?
            .default
            .as_deref()
    }

    fn provider(&self, call: &'a ExprCall, path: Option<&str>) -> Option<Provider> {
        let (maker, made) = match path {
            Some(path) => (Some((self.unit, call)), path.to_owned()),
            None => {
                // In `client.chat.completions.create` the client stands first.
                let mut client = &*call.func;
                while let Expr::Attribute(member) = client {
                    client = &member.value;
                }
                (
                    self.maker(client),
                    self.semantic.made_by(self.unit, client)?,
                )
            }
        };
        let belongs = |root: &str| {
            made == root
                || made
                    .strip_prefix(root)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        let (_, provider) = CLIENTS.iter().find(|(root, _)| belongs(root))?;
        self.turned(*provider, maker)
    }

    /// The call that made a client, and where it stands.
    fn maker(&self, client: &'a Expr) -> Option<(&Unit<'a>, &'a ExprCall)> {
        match self.semantic.value_of(self.unit, client) {
            (home, Expr::Call(call)) => Some((home, call)),
            _ => None,
        }
    }

    /// Who answers where the client is turned to another address; `None` if nobody can tell.
    fn turned(
        &self,
        provider: Provider,
        maker: Option<(&Unit<'a>, &'a ExprCall)>,
    ) -> Option<Provider> {
        let keywords = || {
            let keywords = maker.map(|(_, call)| call.arguments.keywords.iter());
            keywords.into_iter().flatten()
        };
        let keyword = |name: &str| {
            keywords().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name))
        };
        if keywords().any(|keyword| keyword.arg.is_none()) {
            return None;
        }
        let addresses = ["base_url", "api_base", "openai_api_base", "endpoint"];
        if let Some(address) = addresses.iter().find_map(|name| keyword(name)) {
            let source = maker.map_or("", |(home, _)| home.source);
            let text = range(&address.value).of(source);
            let hosts = [
                "openai.azure.com",
                "services.ai.azure.com",
                "cognitiveservices.azure.com",
            ];
            let is_azure = hosts.iter().any(|host| text.contains(host));
            return is_azure.then_some(Provider::Azure);
        }
        match provider {
            Provider::OpenAi if self.azure => None,
            Provider::Gemini => {
                // `enterprise` is the newer name, and counts where both are given.
                let switch = keyword("enterprise").or_else(|| keyword("vertexai"));
                match switch.zip(maker) {
                    Some((switch, (home, _))) => self.switched(home, &switch.value),
                    // Only Vertex AI has projects; in their absence the environment decides.
                    None if ["project", "location", "credentials"]
                        .iter()
                        .any(|name| keyword(name).is_some()) =>
                    {
                        Some(Provider::Vertex)
                    }
                    None => self.google,
                }
            }
            provider => Some(provider),
        }
    }

    /// Who answers a client of Google's whose switch for Vertex AI is this; `None` if nobody can tell.
    fn switched(&self, home: &Unit<'a>, switch: &'a Expr) -> Option<Provider> {
        match self.semantic.value_of(home, switch).1 {
            Expr::BooleanLiteral(on) if on.value => Some(Provider::Vertex),
            Expr::BooleanLiteral(_) => Some(Provider::Gemini),
            Expr::NoneLiteral(_) => self.google,
            _ => None,
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprCall(call) = node {
            self.call(call);
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

/// The text between the quotes of a literal that is one piece.
pub(crate) fn inner(literal: &Expr) -> Option<TextRange> {
    let one = nbfix_python::single_literal(literal)?;
    let quotes = if one.flags.is_triple_quoted() { 3 } else { 1 };
    let whole = range(literal);
    let start = whole.start() + one.flags.prefix().as_str().len() + quotes;
    Some(TextRange::new(start, whole.end().checked_sub(quotes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_stand_from_the_narrow_to_the_wide() {
        for (index, (path, _)) in CLIENTS.iter().enumerate() {
            let wider = CLIENTS
                .iter()
                .take(index)
                .find(|(other, _)| path.starts_with(&format!("{other}.")));
            assert!(wider.is_none(), "{path} is never reached");
        }
    }
}
