//! Rules of one's own: begun, tried, blessed, used.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Folder, notebook};

/// The page that `new-rule` writes, in `nbfix-rules/`.
fn begun() -> Folder {
    let folder = Folder::new();
    assert_eq!(folder.nbfix("new-rule retired-call").code, Some(0));
    folder
}

/// The same, changed.
fn changed(from: &str, to: &str) -> Folder {
    let folder = begun();
    let page = page(&folder);
    assert!(page.contains(from), "{page}");
    folder.write(PAGE, page.replace(from, to));
    folder
}

const PAGE: &str = "nbfix-rules/retired-call.toml";
const CONFIGURED: &str = "[rules]\npaths = [\"nbfix-rules/\"]\n";

fn page(folder: &Folder) -> String {
    String::from_utf8(folder.read(PAGE)).unwrap()
}

#[test]
fn a_rule_is_begun_and_holds() {
    let folder = Folder::new();
    assert_snapshot!("new_rule", folder.nbfix("new-rule retired-call"));
    assert_snapshot!("new_rule_holds", folder.nbfix("test"));
    let again = folder.nbfix("new-rule retired-call");
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is there already"), "{again}");
    folder.write("nbfix.toml", CONFIGURED);
    let configured = folder.nbfix("new-rule another");
    assert!(!configured.out().contains("nbfix.toml"), "{configured}");
}

#[test]
fn a_name_reads_well() {
    let folder = Folder::new();
    for (name, meant) in [
        ("RetiredCall", "`retired-call`"),
        ("retired_call", "`retired-call`"),
        ("no-print", "`print`"),
        ("use-logging", "`logging`"),
        ("asyncio-run", "a built-in rule"),
        ("../up", "`up`"),
    ] {
        let ran = folder.nbfix(&format!("new-rule {name}"));
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.err.contains(meant), "{ran}");
    }
    assert!(!folder.path("nbfix-rules").exists());
}

#[test]
fn each_way_to_fail_has_a_word() {
    let wrong = [
        (
            "missing",
            "acme.connect(\"db\", retries=3)\n#",
            "acme.other(\"db\", retries=3)\n#",
        ),
        ("noisy", "acme = Library()", "import acme"),
        ("wrong_place", "#        ^^^", "#           "),
        (
            "wrong_text",
            "removed in acme 2\n'''\nafter",
            "gone since acme 3\n'''\nafter",
        ),
        (
            "wrong_fix",
            "client = acme.Client(\"db\", retries=3)",
            "client = acme.Client()",
        ),
        (
            "unmended",
            "replace = \"acme.Client(",
            "replace = \"acme.connect(",
        ),
        ("bad_page", "pattern = ", "patern = "),
    ];
    for (word, from, to) in wrong {
        assert_snapshot!(word, changed(from, to).nbfix("test"));
    }
}

#[test]
fn blessing_changes_nothing_else() {
    let wrong = changed("#        ^^^", "#           ");
    let page_of = |folder: &Folder| page(folder);
    let whole = page_of(&begun());
    let ran = wrong.nbfix("test --bless");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(page_of(&wrong), whole);

    let wrong = changed("client = acme.Client(\"db\", retries=3)", "client = None");
    assert_eq!(wrong.nbfix("test").code, Some(1));
    assert_eq!(wrong.nbfix("test --bless").code, Some(0));
    assert_eq!(page_of(&wrong), whole);

    // An `after` that is missing comes behind `before`.
    let after = "after = '''\nimport acme\n# %%\nclient = acme.Client(\"db\", retries=3)\n'''\n";
    let wrong = changed(after, "");
    assert_eq!(wrong.nbfix("test").code, Some(2));
    assert_eq!(wrong.nbfix("test --bless").code, Some(0));
    assert_eq!(page_of(&wrong), whole);

    // What is right stays as it is, and what no text can mend is told.
    assert!(
        wrong
            .nbfix("test --bless")
            .out()
            .contains("0 pages blessed")
    );
    let noisy = changed("acme = Library()", "import acme");
    let before = page_of(&noisy);
    assert_eq!(noisy.nbfix("test --bless").code, Some(1));
    assert_eq!(page_of(&noisy), before);
}

/// One file makes a rule: it is tried, listed, explained, and it finds.
#[test]
fn a_page_is_all_that_a_rule_needs() {
    let folder = begun();
    folder.write(
        "a.ipynb",
        notebook(&["from acme import connect as c", "x = c(1)"]),
    );
    for line in [
        "test --rules nbfix-rules",
        "explain retired-call --rules nbfix-rules",
    ] {
        assert_eq!(folder.nbfix(line).code, Some(0));
    }
    let rules = folder.nbfix("rules --rules nbfix-rules --output-format json");
    let rules: Vec<Value> = serde_json::from_slice(&rules.out).unwrap();
    let rule = rules
        .iter()
        .find(|rule| rule["name"] == "retired-call")
        .unwrap();
    assert_eq!(rule["page"], PAGE);
    assert_eq!(rule["match"]["pattern"], "acme.connect($$$options)");
    assert_eq!(rule["example"].as_array().unwrap().len(), 2);
    let ran = folder.nbfix("check --rules nbfix-rules --output-format concise");
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out()
            .contains("a.ipynb:cell 2:1:5: error[retired-call]"),
        "{ran}"
    );
    let without = folder.nbfix("check --output-format concise");
    assert_eq!(without.code, Some(0), "{without}");
}

#[test]
fn the_project_says_where_its_pages_are() {
    let folder = begun();
    let cells = ["import acme\nacme.connect()"];
    folder.write("nbfix.toml", CONFIGURED);
    folder.write("deep/er/a.ipynb", notebook(&cells));
    let found = |line: &str| folder.nbfix(line).out().contains("error[retired-call]");
    assert!(found("check --output-format concise"));
    assert!(!found("check --output-format concise --isolated"));
    assert!(!found(
        "check --output-format concise --ignore retired-call"
    ));
    assert!(!found("check --output-format concise --select tidy"));
    assert!(found("check --output-format concise --select retired-call"));
    assert!(found("check --output-format concise --select broken"));
    folder.write(
        "elsewhere/other.toml",
        "[rules]\npaths = ['../nbfix-rules/retired-call.toml']\n",
    );
    assert!(found(
        "check --output-format concise --config elsewhere/other.toml"
    ));
    let fixed = folder.nbfix("fix --unsafe");
    assert_eq!(fixed.code, Some(0), "{fixed}");
    let mended = folder.read("deep/er/a.ipynb");
    assert!(String::from_utf8(mended).unwrap().contains("acme.Client()"));
}

#[test]
fn a_configuration_that_says_too_much_is_refused() {
    let folder = Folder::new();
    folder.write("nbfix.toml", "[rules]\npath = [\"x\"]\n");
    assert_snapshot!("bad_configuration", folder.nbfix("check"));
    folder.write("nbfix.toml", "[rules]\npaths = [\"x\"]\n");
    assert_snapshot!("missing_folder", folder.nbfix("check"));
    assert_eq!(folder.nbfix("check --isolated").code, Some(0));
    assert_eq!(folder.nbfix("check --config other.toml").code, Some(2));
    assert_eq!(folder.nbfix("check --rules other/").code, Some(2));
}

#[test]
fn a_built_in_rule_is_replaced_only_knowingly() {
    let folder = begun();
    folder.write("nbfix-rules/asyncio-run.toml", page(&folder));
    assert_snapshot!("override", folder.nbfix("check --rules nbfix-rules"));
    folder.write(
        "nbfix-rules/asyncio-run.toml",
        format!("override = true\n{}", page(&folder)),
    );
    let listed = folder
        .nbfix("explain asyncio-run --rules nbfix-rules")
        .out();
    assert!(listed.contains("acme"), "{listed}");
    folder.write(
        "nbfix-rules/asyncoi-run.toml",
        format!("override = true\n{}", page(&folder)),
    );
    assert_snapshot!(
        "override_nothing",
        folder.nbfix("check --rules nbfix-rules")
    );
}

#[test]
fn all_bad_pages_are_told() {
    let folder = begun();
    folder.write("nbfix-rules/one.toml", "summary = 1\n");
    folder.write(
        "nbfix-rules/two.toml",
        page(&folder).replace("$$$options)", "$$$options"),
    );
    folder.write("nbfix-rules/Three.toml", page(&folder));
    folder.write("more/retired-call.toml", page(&folder));
    folder.write("nbfix-rules/notes.md", "no page");
    assert_snapshot!(
        "bad_pages",
        folder.nbfix("check --rules nbfix-rules --rules more")
    );
}

#[test]
fn there_is_nothing_to_test() {
    let ran = Folder::new().nbfix("test");
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("nbfix new-rule"), "{ran}");
}

#[test]
fn the_built_in_pages_hold() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules");
    let ran = Folder::new().nbfix(&format!("test {rules}"));
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn the_site_has_a_page_for_each_rule() {
    let folder = begun();
    let ran = folder.nbfix("docs --rules nbfix-rules --out site");
    assert_eq!(ran.code, Some(0), "{ran}");
    let index = String::from_utf8(folder.read("site/index.html")).unwrap();
    let rules = folder.nbfix("rules --rules nbfix-rules --output-format json");
    let rules: Vec<Value> = serde_json::from_slice(&rules.out).unwrap();
    for rule in &rules {
        let name = rule["name"].as_str().unwrap();
        assert!(
            index.contains(&format!("href=\"rules/{name}.html\"")),
            "{name}"
        );
        let text = String::from_utf8(folder.read(&format!("site/rules/{name}.html"))).unwrap();
        for tag in ["pre", "div", "p", "span", "mark", "code", "h2"] {
            let open = text.matches(&format!("<{tag}>")).count()
                + text.matches(&format!("<{tag} ")).count();
            assert_eq!(
                open,
                text.matches(&format!("</{tag}>")).count(),
                "{name}: {tag}"
            );
        }
    }
    let own = String::from_utf8(folder.read("site/rules/retired-call.html")).unwrap();
    assert!(
        own.contains("<mark>acme.connect(&quot;db&quot;, retries=3)</mark>"),
        "{own}"
    );
}

/// Every page in `fixtures/bad-pages` has one mistake, which its first line names. The error says where, and the way
/// out: read the snapshot.
#[test]
fn each_mistake_in_a_page_is_shown() {
    let bad = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/bad-pages");
    let folder = Folder::new();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(bad).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        folder.write(&format!("bad/{name}"), std::fs::read(&path).unwrap());
        names.push(name);
    }
    let ran = folder.nbfix("check --rules bad");
    assert_eq!(ran.code, Some(2), "{ran}");
    for name in &names {
        let place = format!("error: bad/{name}:");
        let line = ran.err.lines().find_map(|line| line.strip_prefix(&place));
        let line = line.unwrap_or_else(|| panic!("{name} has no place: {ran}"));
        assert!(
            line.starts_with(|char: char| char.is_ascii_digit()),
            "{line}"
        );
    }
    assert!(names.len() >= 30);
    assert_snapshot!("mistakes", ran);
}

/// What a user would write from the README alone.
#[test]
fn rules_of_users_hold() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/user-rules");
    let ran = Folder::new().nbfix(&format!("test {rules}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.out().contains("10 pages"), "{ran}");
}
