//! What `moved-import` writes imports with the old package and with the new one, and what `removed-dataframe-append` writes
//! gives what `append` gave.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use nbfix_ipynb::Notebook;
use serde_json::json;

use crate::venv::environment;

/// Packages of before the moves.
const OLD: &[&str] = &[
    "langchain==0.0.354",
    "llama-index==0.9.48",
    "pydantic==1.10.27",
    "duckduckgo_search==8.1.1",
    "redis==5.0.8",
    "PyPDF2==3.0.1",
    "fuzzywuzzy==0.18.0",
    "azure-mgmt-resource==23.0.1",
    "jinja2==3.0.3",
    "markupsafe==2.0.1",
    "kafka-python==2.0.2",
    "setuptools<80",
];

/// Packages of after the moves.
const NEW: &[&str] = &[
    "langchain==1.4.7",
    "langchain-classic==1.0.8",
    "langchain-community==0.4.2",
    "langchain-core==1.7.2",
    "langchain-openai==1.7.3",
    "langchain-text-splitters==1.1.3",
    "llama-index-core==0.14.25",
    "llama-index-llms-openai==0.8.3",
    "llama-index-embeddings-openai==0.7.0",
    "ddgs==9.16.1",
    "redis==8.1.0",
    "pypdf==7.1.0",
    "thefuzz==0.22.1",
    "pydantic==2.14.3",
    "pydantic-settings==2.16.3",
    "azure-mgmt-resource==26.0.0",
    "azure-mgmt-resource-subscriptions==1.0.0",
    "azure-mgmt-resource-policy==1.0.0",
    "azure-mgmt-resource-locks==1.0.0",
    "jinja2==3.1.6",
    "kafka-python==3.0.12",
];

/// Statements that work with the old packages.
const STATEMENTS: &[&str] = &[
    "from langchain.chat_models import ChatOpenAI, AzureChatOpenAI",
    "from langchain.llms import OpenAI as LLM",
    "from langchain.embeddings.openai import OpenAIEmbeddings",
    "from langchain.embeddings import HuggingFaceEmbeddings, OpenAIEmbeddings",
    "from langchain.vectorstores import FAISS, Chroma",
    "from langchain.document_loaders import PyPDFLoader",
    "from langchain.text_splitter import RecursiveCharacterTextSplitter, CharacterTextSplitter",
    "from langchain.schema import HumanMessage, SystemMessage, Document, OutputParserException",
    "from langchain.schema.output_parser import StrOutputParser",
    "from langchain.schema.runnable import RunnablePassthrough",
    "from langchain.prompts import PromptTemplate, ChatPromptTemplate",
    "from langchain.prompts.chat import HumanMessagePromptTemplate",
    "from langchain.callbacks import get_openai_callback, StdOutCallbackHandler",
    "from langchain.output_parsers import StructuredOutputParser, PydanticOutputParser",
    "from langchain.chains import LLMChain, RetrievalQA",
    "from langchain.chains.question_answering import load_qa_chain",
    "from langchain.memory import ConversationBufferMemory",
    "from langchain.retrievers.multi_query import MultiQueryRetriever",
    "from langchain.agents import AgentExecutor, AgentType, initialize_agent, load_tools",
    "from langchain import LLMChain, PromptTemplate",
    "from llama_index import VectorStoreIndex, SimpleDirectoryReader",
    "from llama_index.node_parser import SentenceSplitter",
    "from llama_index.llms import OpenAI, ChatMessage",
    "from llama_index.embeddings import OpenAIEmbedding",
    "from duckduckgo_search import DDGS",
    "import duckduckgo_search as search",
    "from redis.commands.search.indexDefinition import IndexDefinition, IndexType",
    "from azure.mgmt.resource import SubscriptionClient, ResourceManagementClient",
    "from azure.mgmt.resource import PolicyClient",
    "from azure.mgmt.resource import ManagementLockClient",
    "from jinja2 import Markup, Template",
    "from pydantic import BaseModel, BaseSettings",
    "from kafka.errors import KafkaError, NoBrokersAvailable",
    "from PyPDF2 import PdfReader",
    "from fuzzywuzzy import fuzz, process",
];

/// The same for packages that do not live beside those.
const OTHER_OLD: &[&str] = &[
    "mcp==1.20.0",
    "pydantic==2.11.10",
    "datasets==2.21.0",
    "pyarrow==17.0.0",
    "ipython==8.37.0",
    "pandas==1.5.3",
    "numpy==1.26.4",
];
const OTHER_NEW: &[&str] = &[
    "mcp==2.3.0",
    "datasets==5.2.0",
    "evaluate==0.4.6",
    "ipython==9.18.1",
    "pandas==3.1.1",
];
const OTHER_STATEMENTS: &[&str] = &[
    "from mcp.server.fastmcp import Context, FastMCP, Image",
    "from datasets import load_dataset, load_metric",
    "from IPython.core.display import HTML, display",
    "from pandas.io.json import json_normalize",
];

/// Texts that print what `append` gives.
const FRAMES: &[&str] = &[
    "import pandas as pd\na = pd.DataFrame({'x': [1, 2], 'y': ['u', 'v']})\nb = pd.DataFrame({'y': ['w'], 'z': [0.5]})\n\
     print(a.append(b).to_csv())\nprint(a.append(b, ignore_index=True, sort=True).to_csv())",
    "import pandas as pd\na = pd.DataFrame({'x': [1, 2]})\nb = a.copy()\nprint(a.append([a, b], ignore_index=True).to_csv())",
    "import pandas as pd\nrows = pd.DataFrame(columns=['x', 'y'])\nfor i in range(3):\n    row = {'x': i, 'y': 'n'}\n    \
     rows = rows.append(row, ignore_index=True)\nprint(rows.to_csv())",
    "import pandas as pd\na = pd.DataFrame({'x': [1, 2]})\n\
     a = a.append([{'x': 3}, {'x': 4}], ignore_index=True)\nprint(a.to_csv())",
    "import pandas as pd\na = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})\n\
     print(a.append(pd.Series({'x': 5, 'y': 6}), ignore_index=True).to_csv())\nprint(a['x'].append(a['y']).to_csv())",
];

/// The statement as `nbfix fix` writes it.
fn mended(folder: &Path, statement: &str) -> String {
    let text = fixed(folder, statement, "moved-import");
    assert!(text.contains("try:"), "{statement}");
    text
}

/// A cell as `nbfix fix` writes it.
fn fixed(folder: &Path, statement: &str, rule: &str) -> String {
    let path = folder.join("a.ipynb");
    let cell = json!({"cell_type": "code", "metadata": {}, "source": statement, "outputs": [], "execution_count": null});
    let notebook = json!({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
    fs::write(&path, notebook.to_string()).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_nbfix"))
        .args(["fix", "--isolated", "--unsafe", "--select", rule])
        .arg(&path)
        .output()
        .unwrap();
    let notebook = Notebook::load(fs::read(&path).unwrap()).unwrap();
    let text = notebook.cells()[0].source.clone();
    assert!(text != statement, "{statement}: {status:?}");
    text
}

/// Runs each text by itself; the last line of what Python says where it fails.
fn run(python: &Path, texts: &[String]) -> Vec<Option<String>> {
    let failure = |text: &String| {
        let output = Command::new(python)
            .args(["-W", "ignore", "-c", text])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = said.lines().last().unwrap_or_default().to_owned();
        (!output.status.success()).then_some(last)
    };
    texts.iter().map(failure).collect()
}

#[test]
#[ignore = "installs a hundred packages: just verify-imports"]
fn moved_imports_work_with_the_old_and_the_new_package() {
    both(
        STATEMENTS,
        [environment("moved-old", OLD), environment("moved-new", NEW)],
    );
}

#[test]
#[ignore = "installs sixty packages: just verify-imports"]
fn moved_imports_of_other_packages_work_with_both() {
    both(
        OTHER_STATEMENTS,
        [
            environment("moved-other-old", OTHER_OLD),
            environment("moved-other-new", OTHER_NEW),
        ],
    );
}

#[test]
#[ignore = "installs two versions of pandas: just verify-imports"]
fn frames_are_joined_as_append_joined_them() {
    let folder = tempfile::tempdir().unwrap();
    let old = environment("moved-other-old", OTHER_OLD);
    let new = environment("moved-other-new", OTHER_NEW);
    let printed = |python: &Path, text: &str| {
        let output = Command::new(python)
            .args(["-W", "ignore", "-c", text])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{text}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for before in FRAMES {
        let after = fixed(folder.path(), before, "removed-dataframe-append");
        let expected = printed(&old, before);
        assert_eq!(printed(&old, &after), expected, "{after}");
        assert_eq!(printed(&new, &after), expected, "{after}");
    }
}

fn both(statements: &[&str], pythons: [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let before: Vec<String> = statements.iter().map(|&it| it.to_owned()).collect();
    let after: Vec<String> = before
        .iter()
        .map(|statement| mended(folder.path(), statement))
        .collect();
    let mut wrong = Vec::new();
    for (python, when) in pythons.iter().zip(["old", "new"]) {
        for (statement, failure) in before.iter().zip(run(python, &after)) {
            if let Some(failure) = failure {
                wrong.push(format!("{when}: {statement}: {failure}"));
            }
        }
    }
    // The statements prove something only if they fail as they are.
    for (statement, failure) in before.iter().zip(run(&pythons[1], &before)) {
        if failure.is_none() {
            wrong.push(format!("works as it is: {statement}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
