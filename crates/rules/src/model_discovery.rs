//! A function for the notebook that asks the service which models it has, and takes one that is there.

use nbfix_semantic::{BindingKind, ProgramId, Semantic};

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// The deployments of a Foundry project.
    Foundry,
    /// The deployments of an Azure OpenAI resource, by Azure's management: its data plane lists models, not deployments.
    Azure,
    /// The models of OpenAI's.
    OpenAi,
}

/// The function, and the service that it asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Discovery {
    service: Service,
    name: &'static str,
}

impl Discovery {
    /// The function for this notebook; `None` if its service is none that can be asked.
    pub(crate) fn of(semantic: &Semantic<'_>) -> Option<Self> {
        let imports = |package: &str| {
            let mut names = semantic.names(ProgramId::DOCUMENT);
            names.any(|(_, bindings)| {
                bindings.iter().any(|binding| {
                    matches!(&binding.kind, BindingKind::Import(path)
                        if path == package || path.starts_with(&format!("{package}.")))
                })
            })
        };
        let says = |words: &[&str]| {
            let mut units = semantic.units_of(ProgramId::DOCUMENT);
            units.any(|unit| words.iter().any(|word| unit.source.contains(word)))
        };
        let service = if imports("azure.ai.projects") {
            Service::Foundry
        } else if says(&[
            "AzureOpenAI",
            "AzureChatOpenAI",
            "AZURE_OPENAI",
            ".openai.azure.com",
        ]) {
            Service::Azure
        } else if imports("openai") || imports("langchain_openai") || says(&["OPENAI_API_KEY"]) {
            Service::OpenAi
        } else {
            return None;
        };
        let mut names = ["find_model", "find_served_model"].into_iter();
        let name = names.find(|name| !semantic.is_bound(ProgramId::DOCUMENT, name))?;
        Some(Self { service, name })
    }

    /// Whether the service can have a model of this name, and the function knows what models of this kind are called.
    pub(crate) fn covers(self, model: &str, kind: &str) -> bool {
        if capability(kind).is_none() {
            return false;
        }
        let model = model.to_ascii_lowercase();
        let others = [
            "claude",
            "gemini",
            "command-",
            "embed-",
            "anthropic.",
            "amazon.",
        ];
        match self.service {
            Service::OpenAi => [
                "gpt", "o1", "o3", "o4", "dall", "text-", "whisper", "tts", "chatgpt", "sora",
            ]
            .iter()
            .any(|start| model.starts_with(start)),
            _ => !others.iter().any(|start| model.starts_with(start)),
        }
    }

    /// The value of the constant: `find_model("CHAT_MODEL", "gpt-4o", "chat")`.
    pub(crate) fn value(self, constant: &str, model: &str, kind: &str) -> String {
        let can = capability(kind).unwrap_or("chat");
        format!("{}(\"{constant}\", \"{model}\", \"{can}\")", self.name)
    }

    /// The function itself, line by line.
    pub(crate) fn lines(self) -> Vec<String> {
        let list = match self.service {
            Service::Foundry => FOUNDRY,
            Service::Azure => AZURE,
            Service::OpenAi => OPENAI,
        };
        let text = FUNCTION
            .replace("@NAME@", self.name)
            .replace("@LIST@", list);
        text.lines().map(str::to_owned).collect()
    }
}

/// What the function calls the kind of a constant; `None` if it has no word for it.
fn capability(kind: &str) -> Option<&'static str> {
    match kind {
        "CHAT_MODEL" => Some("chat"),
        "IMAGE_MODEL" => Some("image"),
        "EMBEDDING_MODEL" => Some("embedding"),
        "AUDIO_MODEL" | "SPEECH_MODEL" | "TRANSCRIPTION_MODEL" => Some("audio"),
        _ => None,
    }
}

const FUNCTION: &str = r#"def @NAME@(variable, default, can):
    # The variable is somebody's choice. Else the default is taken, if the service has it; else what can do the same.
    if os.environ.get(variable):
        return os.environ[variable]
    try:
@LIST@
    except Exception as error:
        print(f"[WARN] {default}: nobody could be asked whether it is there ({type(error).__name__}: {str(error)[:80]})")
        return default
    words = {"image": ("image", "dall", "flux"), "embedding": ("embed",), "audio": ("audio", "whisper", "tts", "transcribe", "realtime")}
    def does(model):
        kinds = [kind for kind, parts in words.items() if any(part in model.lower() for part in parts)]
        return (kinds or ["chat"])[0] == can
    if default in found:
        return default
    for name, model in sorted(found.items()):
        print(f"[INFO] there is {name}" + (f" (of {model})" if model != name else ""))
    same = sorted((name for name, model in found.items() if does(model)), key=lambda name: (-len(os.path.commonprefix([found[name], default])), name))
    if not same:
        print(f"[WARN] {default} is not there, and nothing that can do {can}; set {variable}")
        return default
    print(f"[WARN] {default} is not there: {same[0]} takes its place; set {variable} to choose another")
    return same[0]"#;

const FOUNDRY: &str = r#"        from azure.ai.projects import AIProjectClient
        from azure.identity import DefaultAzureCredential
        project = AIProjectClient(endpoint=os.environ["AZURE_AI_PROJECT_ENDPOINT"], credential=DefaultAzureCredential())
        found = {each.name: each.model_name for each in project.deployments.list()}"#;

const AZURE: &str = r#"        from azure.identity import DefaultAzureCredential
        from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
        management = CognitiveServicesManagementClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"])
        deployments = management.deployments.list(os.environ["AZURE_RESOURCE_GROUP"], os.environ["AZURE_OPENAI_ACCOUNT"])
        found = {each.name: each.properties.model.name for each in deployments}"#;

const OPENAI: &str = r#"        from openai import OpenAI
        found = {each.id: each.id for each in OpenAI(max_retries=0, timeout=10).models.list()}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_ascii() {
        for service in [Service::Foundry, Service::Azure, Service::OpenAi] {
            let name = "find_model";
            let lines = Discovery { service, name }.lines();
            assert!(
                lines
                    .iter()
                    .all(|line| line.is_ascii() && !line.contains("@"))
            );
        }
    }
}
