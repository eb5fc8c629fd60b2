//! How many of 150 made-up secrets are found, and how many of 150 look-alikes are left alone.
//!
//! The secrets are made here, of the table's regexes and of random characters, so that nothing in the repository looks
//! like one. Both sets are written as notebooks into the test's folder, for comparing with other tools.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use nbfix_secrets::{Detector, shapes};
use regex_syntax::hir::{Class, Hir, HirKind};

/// A random sequence that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length)
            .map(|_| letters[self.roll(letters.len())])
            .collect()
    }
}

const MIXED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

/// A text that the regex matches.
fn sample(hir: &Hir, dice: &mut Dice, out: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).unwrap()),
        HirKind::Class(class) => {
            let has = |c: char| match class {
                Class::Unicode(class) => class
                    .ranges()
                    .iter()
                    .any(|it| it.start() <= c && c <= it.end()),
                Class::Bytes(class) => {
                    let c = c as u8;
                    class
                        .ranges()
                        .iter()
                        .any(|it| it.start() <= c && c <= it.end())
                }
            };
            // What belongs to a token; what parts tokens has none of that.
            let mut letters: String = MIXED.chars().filter(|c| has(*c)).collect();
            if letters.is_empty() {
                let others = " \"~:=./-_'@?;&+|%#!$[]{}()\\\n\t";
                letters = others.chars().filter(|c| has(*c)).take(1).collect();
            }
            out.push_str(&dice.text(&letters, 1));
        }
        HirKind::Repetition(repetition) => {
            let more = repetition
                .max
                .map_or(6, |max| (max - repetition.min).min(6));
            let times = repetition.min as usize + dice.roll(more as usize + 1);
            (0..times).for_each(|_| sample(&repetition.sub, dice, out));
        }
        HirKind::Capture(capture) => sample(&capture.sub, dice, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| sample(part, dice, out)),
        HirKind::Alternation(parts) => sample(&parts[dice.roll(parts.len())], dice, out),
    }
}

/// A password as a careful person makes it.
fn password(dice: &mut Dice) -> String {
    let length = 6 + dice.roll(6);
    let mut text = dice.text("bcdfghjkmnpqrtvwxz", 2);
    text += &dice.text("BCDFGHJKMNPQRTVWXZ", 2);
    text += &dice.text("246789", 2);
    text += &dice.text("#!%*", 1);
    text + &dice.text(MIXED, length)
}

fn uuid(dice: &mut Dice) -> String {
    let parts: Vec<String> = [8, 4, 4, 4, 12].map(|length| dice.text(HEX, length)).into();
    parts.join("-")
}

/// The secrets: each with the text around it, and the text that has to be found.
fn secrets() -> Vec<(String, String)> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut all = Vec::new();
    for shape in shapes() {
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .parse(shape.regex.trim_start_matches("(?i)"))
            .unwrap();
        let text = loop {
            let mut text = String::new();
            sample(&hir, &mut dice, &mut text);
            if !shape.digits || text.matches(|c: char| c.is_ascii_digit()).count() > 1 {
                break text;
            }
        };
        // Of some shapes their surroundings have to tell.
        let is_told = shape.needs.iter().any(|word| text.contains(&**word));
        let note = match is_told {
            true => String::new(),
            false => format!("{} = ", shape.needs[0]),
        };
        all.push((format!("note = \"\"\"{note}{text}\"\"\""), text));
    }
    let around = [
        "password = \"$p\"",
        "db_password='$p'",
        "connect(user=\"ada\", password=\"$p\")",
        "{\"pwd\": \"$p\"}",
        "os.environ[\"DB_PASSWORD\"] = \"$p\"",
        "%env SMTP_PASSWORD=$p",
        "!mysql -u ada --password $p",
        "SQL_PASSWD: str = \"$p\"",
        "# admin_password = \"$p\"",
        "engine(\"postgresql://ada:$p@db.service.com/lake\")",
        "passphrase = '$p'",
        "cfg['password'] = '$p'",
        "api_key = \"$k\"",
        "openai_api_key='$k'",
        "Client(api_key=\"$k\")",
        "{\"api-key\": \"$k\"}",
        "{'apiKey': '$k'}",
        "os.environ['SERVICE_API_KEY'] = '$k'",
        "os.getenv(\"SERVICE_API_KEY\", \"$k\")",
        "%env SERVICE_API_KEY=$k",
        "!export SERVICE_API_KEY=$k",
        "!tool --api-key $k",
        "curl -H \"api-key: $k\" https://service.invalid",
        "get(\"https://service.invalid/v1?api_key=$k\")",
        "access_token = \"$k\"",
        "token=\"$k\"",
        "AUTH_TOKEN = '$k'",
        "{\"Authorization\": \"Bearer $k\"}",
        "headers = {'Authorization': 'Token $k'}",
        "client_secret = \"$k\"",
        "\"clientSecret\": \"$k\"",
        "APP_SECRET = '$k'",
        "secret_key = b\"$k\"",
        "storage_key = \"$k\"",
        "credential = AzureKeyCredential(key) # search_key = \"$k\"",
        "AZURE_OPENAI_KEY = \"$h\"",
        "subscription_key = '$h'",
        "speech_key=\"$h\"",
        "os.environ[\"BING_SUBSCRIPTION_KEY\"] = \"$h\"",
        "cosmos_key: \"$k\"",
        "pinecone_key = \"$u\"",
        "pinecone.init(api_key=\"$u\")",
        "WEAVIATE_API_KEY = '$k'",
        "signing_key = '$k'",
        "access_key = \"$k\"",
        "self.api_key = \"$k\"",
        "API_TOKEN = (\"$k\")",
        "bot_token: str = \"$k\"",
        "password = r'$p'",
    ];
    for text in around {
        let value = match text {
            text if text.contains("$p") => password(&mut dice),
            text if text.contains("$h") => dice.text(HEX, 32),
            text if text.contains("$u") => uuid(&mut dice),
            _ => {
                let length = 24 + dice.roll(24);
                dice.text(MIXED, length)
            }
        };
        let name = ["$p", "$h", "$u", "$k"]
            .iter()
            .find(|it| text.contains(**it))
            .unwrap();
        all.push((text.replace(*name, &value), value));
    }
    all
}

/// What looks like a secret, and is none.
fn alike() -> Vec<String> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut all = Vec::new();
    // A placeholder with each prefix.
    for shape in shapes().iter().take(60) {
        let word = [
            "x".repeat(40),
            "your-api-key-goes-here-1234567890abcdef".to_owned(),
        ];
        let word = &word[dice.roll(2)];
        all.push(format!(
            "key = \"{}{word}\"",
            shape.needs[0].trim_matches(['"', '\'', '\\', '='])
        ));
    }
    let around = [
        "commit = \"$40\"",
        "sha256 = '$64'",
        "etag = \"$32\"",
        "digest: sha256:$64",
        "run_id = \"$u\"",
        "subscription_id = '$u'",
        "tenant_id = \"$u\"",
        "resource_key_name = \"$k\"",
        "tokenizer = \"$k\"",
        "max_tokens = \"$k\"",
        "eos_token = \"<|endoftext|>\"",
        "pad_token = \"[PAD]\"",
        "mask_token=\"$k\"",
        "partition_key = \"$k\"",
        "sort_key='$k'",
        "next_token = \"$k\"",
        "page_token = '$k'",
        "image = \"data:image/png;base64,$b\"",
        "b64 = \"$b\"",
        "checksum = \"$32\"",
        "model = \"gpt-4o-2024-08-06\"",
        "url = \"https://service.invalid/$40\"",
        "path = \"/home/ada/$32\"",
        "!pip install git+https://github.com/ada/tool@$40",
        "{\"id\": \"chatcmpl-$k\"}",
        "{\"id\": \"call_$k\"}",
        "{\"id\": \"msg_$k\"}",
        "thread_id = \"thread_$k\"",
        "asst = \"asst_$k\"",
        "file_id = \"file-$k\"",
        "digests = ['$64', '$64']",
        "cell_id = \"$k\"",
        "layer = \"$64\"",
        "trace_id = '$32'",
    ];
    for text in around {
        let mut text = text.to_owned();
        for (name, value) in [
            ("$40", dice.text(HEX, 40)),
            ("$64", dice.text(HEX, 64)),
            ("$32", dice.text(HEX, 32)),
            ("$u", uuid(&mut dice)),
            ("$k", dice.text(MIXED, 28)),
            ("$b", dice.text(MIXED, 900) + "=="),
        ] {
            text = text.replace(name, &value);
        }
        all.push(text);
    }
    let said = [
        "api_key = \"\"",
        "api_key = \"EMPTY\"",
        "api_key = \"not-needed\"",
        "api_key = 'ollama'",
        "api_key=\"lm-studio\"",
        "api_key = \"sk-...\"",
        "api_key = \"sk-…\"",
        "api_key = '<your-api-key>'",
        "api_key = \"{{ api_key }}\"",
        "api_key = f\"{key}\"",
        "api_key = os.environ[\"OPENAI_API_KEY\"]",
        "api_key = os.getenv('OPENAI_API_KEY', '')",
        "api_key = userdata.get('OPENAI_API_KEY')",
        "password = \"password\"",
        "password = 'changeme'",
        "password = \"P@ssw0rd\"",
        "password = 'admin123'",
        "password=\"postgres\"",
        "password = getpass.getpass(\"Password: \")",
        "password = \"********\"",
        "token = \"xxxxxxxxxxxxxxxxxxxxxxxx\"",
        "token = 'dummy-token-123456789'",
        "token = \"test-token-0123456789abcdef\"",
        "%env OPENAI_API_KEY=$KEY",
        "%env HF_TOKEN={token}",
        "!export TOKEN=$TOKEN",
        "curl -H \"Authorization: Bearer $TOKEN\"",
        "{\"Authorization\": f\"Bearer {token}\"}",
        "secret_name = \"openai-key-production-01\"",
        "client_secret = dbutils.secrets.get(scope=\"s\", key=\"k\")",
        "key_vault_secret = \"my-openai-secret-name-01\"",
        "connect(\"postgresql://postgres:postgres@localhost:5432/db\")",
        "connect('mongodb://root:example@mongo:27017')",
        "connect(\"postgresql://user:password@host.com/db\")",
        "AccountKey=<key>;EndpointSuffix=core.windows.net",
        "AccountName=devstoreaccount1;AccountKey=$azurite;",
        "key = \"$cosmos\"",
        "aws_access_key_id = \"$aws\"",
        "html = '<div class=\"sk-toggleable__content sk-estimator-doc-link1\">'",
        "css = \"sk-top-container-id-1 sk-parallel-item\"",
        "kind = 'task-scheduler-deployment-2024-12-01-preview'",
        "disk = \"disk-encryption-set-0123456789\"",
        "api_version = \"2024-08-01-preview\"",
        "api_key_header = APIKeyHeader(name=\"X-API-Key-2024-version1\")",
        "token = tokenizer(\"some text with 12 words\")",
        "password_policy = \"Fj7wQ2mLx99\"",
        "keyword = \"b7Kq2ZtW9xLm4RvN8sPd\"",
        "monkey = 'b7Kq2ZtW9xLm4RvN8sPd'",
        "if token == \"b7Kq2ZtW9xLm4RvN8sPd\":",
        "jwt = \"eyJ0eXAiOiJKV1Qi...\"",
        "access_token = response['access_token']",
        "api_key = \"secrets/openai_api_key_v1.txt\"",
        "token = \"projects/12345/secrets/hf/versions/1\"",
        "-----BEGIN PRIVATE KEY-----\\n...\\n-----END",
        "-----BEGIN PUBLIC KEY-----",
        "password: <PASSWORD>",
        "\"password\": \"string\"",
    ];
    let documented = [
        (
            "$azurite",
            "Eby8vdM02xNOcqFl".to_owned()
                + "qUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
        ),
        (
            "$cosmos",
            "C2y6yDjf5/R+ob0N".to_owned()
                + "8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
        ),
        ("$aws", "AKIAIOSF".to_owned() + "ODNN7EXAMPLE"),
    ];
    for text in said {
        let mut text = text.to_owned();
        for (name, value) in &documented {
            text = text.replace(name, value);
        }
        all.push(text);
    }
    all.truncate(150);
    all
}

#[test]
fn secrets_are_found_and_masked() {
    let all = secrets();
    assert!(all.len() >= 150);
    write("secrets.ipynb", all.iter().map(|(text, _)| text.as_str()));
    let mut missed = String::new();
    for (text, value) in &all {
        let found = Detector::built_in().find(text);
        let hit = found
            .iter()
            .any(|secret| value.contains(&text[secret.range.clone()]));
        let shown = Detector::built_in().masked(text);
        let told = found
            .iter()
            .any(|secret| shown.contains(&text[secret.range.clone()]));
        if !hit || told {
            let _ = writeln!(missed, "{text}");
        }
    }
    let count = missed.lines().count();
    println!("{} of {} secrets are found", all.len() - count, all.len());
    assert!(count <= 3, "{count} of {} are missed:\n{missed}", all.len());
}

#[test]
fn look_alikes_are_left_alone() {
    let all = alike();
    assert_eq!(all.len(), 150);
    write("alike.ipynb", all.iter().map(String::as_str));
    let mut told = String::new();
    for text in &all {
        for secret in Detector::built_in().find(text) {
            let _ = writeln!(told, "{} in {text}", secret.what.noun());
        }
    }
    let count = told.lines().count();
    println!("{count} of {} look-alikes are told", all.len());
    assert!(count <= 2, "{count} of {} are told:\n{told}", all.len());
}

/// A notebook with a cell for each text.
fn write<'t>(name: &str, texts: impl Iterator<Item = &'t str>) {
    let quoted = |text: &str| {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                c => out.push(c),
            }
        }
        out + "\""
    };
    let cells: Vec<String> = texts
        .map(|text| {
            let source = quoted(text);
            format!(
                "  {{\"cell_type\": \"code\", \"execution_count\": null, \"metadata\": {{}}, \"outputs\": [],\n   \
                 \"source\": [\n    {source}\n   ]}}"
            )
        })
        .collect();
    let text = format!(
        "{{\n \"cells\": [\n{}\n ],\n \"metadata\": {{}},\n \"nbformat\": 4,\n \"nbformat_minor\": 4\n}}\n",
        cells.join(",\n")
    );
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}
