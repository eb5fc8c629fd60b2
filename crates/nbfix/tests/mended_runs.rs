//! The promise of the degrade fix, by running Python: without the services the example stops, mended it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write;
use std::process::{Command, Stdio};

/// The interpreter's own path: the examples run with a PATH on which nothing is found.
fn python() -> String {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs the cells of an example in one namespace, with no variable set and no package but Python's own.
fn run(document: &str) -> (bool, String) {
    let cells: Vec<&str> = document.split("# %%").collect();
    let code = format!(
        "def display(*values):\n    print(*values)\n{}",
        cells.join("\n")
    );
    let mut child = Command::new(python())
        .args(["-I", "-S", "-"])
        .env_clear()
        .env("PATH", "/nowhere")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(code.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// Whether the last line of the code is reached (`sys.exit()` ends a program without an error), and what it said.
fn runs_to_its_end(code: &str) -> (bool, String) {
    const END: &str = "the end is reached";
    let (_, said) = run(&format!("{code}\nprint('{END}')\n"));
    (said.trim_end().ends_with(END), said)
}

/// The before and after texts of a page's examples that are plain Python.
fn mended_examples(rule: &str) -> Vec<(String, String)> {
    let page = nbfix_rules::find(rule).unwrap().page;
    let page = nbfix_lint::Page::parse(page).unwrap();
    let pairs = page
        .examples
        .into_iter()
        .filter_map(|example| Some((example.before?, example.after?)))
        // What the author allows is meant to stop.
        .filter(|(before, _)| !before.contains("nbfix: allow"));
    pairs.collect()
}

#[test]
fn a_mended_notebook_goes_on_without_the_service() {
    let mut ran = 0;
    for rule in ["raise-on-missing-service", "subprocess-az"] {
        for (before, after) in mended_examples(rule) {
            let (went_on, said) = runs_to_its_end(&before);
            assert!(
                !went_on,
                "the example should stop as it is:\n{before}\n{said}"
            );
            // It uses names that it does not make, or IPython's own lines: an example to be read, and not to be run.
            let is_read = said.contains("NameError") || said.contains("SyntaxError");
            // A page mends by its own rule alone; the commands of another cell are another rule's.
            let is_of_another =
                rule == "raise-on-missing-service" && said.contains("az: not found");
            if is_read || is_of_another {
                continue;
            }
            let (went_on, said) = runs_to_its_end(&after);
            // Names and modules of the author's, which only a reader makes up.
            if !went_on && (said.contains("NameError") || said.contains("ModuleNotFoundError")) {
                continue;
            }
            assert!(went_on, "the mended example stops:\n{after}\n{said}");
            assert!(
                said.contains("[WARN]") && said.contains("Impact:"),
                "{said}"
            );
            ran += 1;
        }
    }
    assert!(ran >= 12, "{ran}");
}

/// Modules that stand for the SDKs, and a service that has none of the defaults.
const SDKS: &str = r#"
import sys, types
def module(name, **members):
    made = sys.modules[name] = types.ModuleType(name)
    for key, value in members.items():
        setattr(made, key, value)
class Thing:
    def __init__(self, **members):
        self.__dict__.update(members)
class Management:
    def __init__(self, credential, subscription):
        assert subscription == "s-1"
        self.deployments = self
    def list(self, group, account):
        assert (group, account) == ("g-1", "a-1")
        return [Thing(name=name, properties=Thing(model=Thing(name=model))) for name, model in SERVED]
class Project:
    def __init__(self, endpoint, credential):
        assert endpoint == "https://project.invalid"
        self.deployments = self
    def list(self):
        return [Thing(name=name, model_name=model) for name, model in SERVED]
class Client:
    def __init__(self, **settings):
        self.models = self
    def list(self):
        return [Thing(id=model) for _, model in SERVED]
SERVED = [("pictures", "dall-e-3"), ("chat-old", "gpt-35-turbo"), ("chat-new", "gpt-4.1"), ("vectors", "text-embedding-3-large")]
module("azure"); module("azure.mgmt"); module("azure.ai")
module("azure.identity", DefaultAzureCredential=Thing)
module("azure.mgmt.cognitiveservices", CognitiveServicesManagementClient=Management)
module("azure.ai.projects", AIProjectClient=Project)
module("openai", OpenAI=Client)
import os
os.environ.update(AZURE_SUBSCRIPTION_ID="s-1", AZURE_RESOURCE_GROUP="g-1", AZURE_OPENAI_ACCOUNT="a-1")
os.environ.update(AZURE_AI_PROJECT_ENDPOINT="https://project.invalid")
"#;

#[test]
fn a_model_is_discovered_or_taken_as_it_was() {
    let discovering: Vec<(String, String)> = mended_examples("hardcoded-model")
        .into_iter()
        .filter(|(_, after)| after.contains("def find_model("))
        .collect();
    assert_eq!(discovering.len(), 3);
    for (before, after) in discovering {
        let (_, wanted) = run(&before);
        // Nothing is installed and nothing is set: the notebook says what it said, below two warnings.
        let (went_on, said) = run(&after);
        let without: String = said
            .lines()
            .filter(|line| !line.starts_with("[WARN]"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(went_on && without == wanted, "{after}\n{said}");
        assert_eq!(said.matches("nobody could be asked").count(), 2, "{said}");
        // With an SDK and another service than the author's it takes what is there.
        let (went_on, said) = run(&format!("{SDKS}\n{after}"));
        let by_model = after.contains("max_retries=0");
        let chosen = if by_model {
            "gpt-4.1: a"
        } else {
            "chat-new: a"
        };
        let vectors = if by_model {
            "text-embedding-3-large"
        } else {
            "'vectors'"
        };
        assert!(
            went_on && said.contains(chosen) && said.contains(vectors),
            "{said}"
        );
        assert!(
            said.contains("[INFO] there is") && said.contains("set CHAT_MODEL to choose another")
        );
        // What the reader sets is not questioned.
        let set = "os.environ.update(CHAT_MODEL=\"mine\", EMBEDDING_MODEL=\"more\")";
        let (went_on, said) = run(&format!("{SDKS}\n{set}\n{after}"));
        assert!(
            went_on && said.contains("mine: a") && !said.contains("[WARN]"),
            "{said}"
        );
        // What is there is taken.
        let served = "SERVED += [(\"gpt-4o\", \"gpt-4o\"), (\"text-embedding-3-small\", \"text-embedding-3-small\")]";
        let (_, said) = run(&format!("{SDKS}\n{served}\n{after}"));
        assert_eq!(said, wanted, "{said}");
    }
}
