//! Each key of `[match]` and `[fix]`, on pages that exist for this test alone.
#![allow(clippy::unwrap_used, clippy::panic)]

use nbfix_lint::{PageError, Rule};
use nbfix_rules::prove;

/// A page of these tables and examples.
fn page(tables: &str, examples: &str) -> String {
    format!(
        "summary = 's'\nmessage = 'found'\ngroup = 'broken'\nwhy = 'w'\n\
         documents = ['notebook', 'script', 'cell-file']\n{tables}\n{examples}"
    )
}

/// Examples that are flagged, each with what it becomes, if it is mended, and examples that are clean.
fn examples(flagged: &[(&str, Option<&str>)], clean: &[&str]) -> String {
    let mut text = String::new();
    for (before, after) in flagged {
        text.push_str(&format!(
            "[[example]]\nname = 'flagged'\nbefore = '''\n{before}'''\n"
        ));
        if let Some(after) = after {
            text.push_str(&format!("after = '''\n{after}'''\n"));
        }
    }
    for clean in clean {
        text.push_str(&format!(
            "[[example]]\nname = 'clean'\nclean = '''\n{clean}'''\n"
        ));
    }
    text
}

fn holds(tables: &str, flagged: &[(&str, Option<&str>)], clean: &[&str]) {
    let text = page(tables, &examples(flagged, clean));
    let rule = Rule::from_page("scratch", &text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    let proof = prove(Box::leak(Box::new(rule)));
    assert_eq!(proof.examples, flagged.len() + clean.len());
    let failures: Vec<String> = proof.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{tables}\n{}", failures.join("\n"));
}

/// Only found, not mended.
fn finds(tables: &str, flagged: &[&str], clean: &[&str]) {
    let flagged: Vec<_> = flagged.iter().map(|text| (*text, None)).collect();
    holds(tables, &flagged, clean);
}

/// `[fix]` as well, of this text.
fn mends(matches: &str, fix: &str, pairs: &[(&str, &str)], clean: &[&str]) {
    let tables = format!("[match]\n{matches}\n[fix]\ntitle = 't'\nsafety = 'safe'\n{fix}");
    let pairs: Vec<_> = pairs.iter().map(|(a, b)| (*a, Some(*b))).collect();
    holds(&tables, &pairs, clean);
}

#[test]
fn combinators() {
    finds(
        "[match]\nany = ['f($x)', { pattern = 'g($x)', top_level = true }]",
        &["f(1)\n", "g(1)\n"],
        &["def a():\n    g(1)\n"],
    );
    finds(
        "[match]\nall = ['f($x, ...)', '$_(k=$x, ...)']",
        &["f(1, k=1)\n"],
        &["f(1, k=2)\n"],
    );
    finds(
        "[match]\npattern = 'f(...)'\nnot = 'f(1)'",
        &["f(2)\n"],
        &["f(1)\n"],
    );
    finds(
        "[match]\npattern = '$f.read()'\ninside = \"with open(...) as $f:\\n    ...\"",
        &["with open(a) as b:\n    b.read()\n"],
        &["with open(a) as b:\n    c.read()\n"],
    );
    finds(
        "[match]\npattern = 'f(...)'\nnot_inside = ['g(...)', 'h(...)']",
        &["k(f(1))\n"],
        &["g(a, f(1))\nh(f(2))\n"],
    );
    finds(
        "[match]\npattern = \"for $i in $_:\\n    ...\"\nhas = '$i.close()'\nnot_has = 'skip(...)'",
        &["for i in j:\n    i.close()\n"],
        &["for i in j:\n    k.close()\nfor i in j:\n    i.close()\n    skip()\n"],
    );
}

#[test]
fn conditions_on_holes() {
    let on = |condition: &str| format!("[match]\npattern = 'f($x)'\nwhere.x = {condition}");
    finds(
        &on("{ regex = '^a' }"),
        &["f('abc')\n", "f(abc)\n"],
        &["f('b')\n"],
    );
    finds(&on("{ not_regex = '^a' }"), &["f('b')\n"], &["f('abc')\n"]);
    finds(
        &on("{ literal = true }"),
        &["f(1)\n", "f(None)\n"],
        &["f(x)\n"],
    );
    finds(&on("{ literal = false }"), &["f(x)\n"], &["f(1)\n"]);
    finds(
        &on("{ literal = 'string' }"),
        &["f('a')\n", "f(f'a')\n"],
        &["f(1)\n"],
    );
    finds(
        &on("{ literal = 'number' }"),
        &["f(1)\n", "f(-1.5)\n"],
        &["f('1')\n"],
    );
    finds(
        &on("{ in = ['a', 'b'] }"),
        &["f('a')\n", "f(b)\n"],
        &["f('c')\n"],
    );
    finds(&on("{ not_in = ['a'] }"), &["f('b')\n"], &["f('a')\n"]);
    finds(
        &on("{ resolves = ['os.path', 'sys.*'] }"),
        &[
            "import os as o\nf(o.path)\n",
            "from sys import argv as a\nf(a)\n",
        ],
        &["f(os)\nimport sys\nf(sys)\n"],
    );
    finds(
        &on("{ made_by = 'pkg.Client' }"),
        &[
            "from pkg import Client as C\n# %%\nc = C()\n# %%\nf(c)\n",
            "import pkg\nf(pkg.Client())\n",
        ],
        &["import pkg\nc = pkg.Other()\nf(c)\n"],
    );
    finds(
        "[match]\npattern = 'f($x)'\nwhere.x.table = 't'\n[tables.t]\na = 'b'",
        &["f('a')\n"],
        &["f('b')\n"],
    );
}

#[test]
fn surroundings_of_the_document() {
    finds(
        "[match]\npattern = 'f()'\ntop_level = true",
        &["f()\n"],
        &["lambda: f()\n"],
    );
    finds(
        "[match]\npattern = 'f()'\nguarded = false",
        &["f()\n", "try:\n    f()\nexcept E:\n    raise\n"],
        &["try:\n    f()\nexcept E:\n    pass\nif a:\n    f()\n"],
    );
    finds(
        "[match]\npattern = 'f()'\nguarded = true",
        &["if a:\n    f()\n"],
        &["f()\n"],
    );
    finds(
        "[match]\npattern = 'f()'\nimported = ['a.b']",
        &["from a.b import c\n# %%\nf()\n", "import a.b.c\nf()\n"],
        &["import a\nf()\n"],
    );
    finds(
        "[match]\npattern = 'f()'\nunless_imported = ['a']",
        &["import ab\nf()\n"],
        &["def g():\n    from a.b import c\n# %%\nf()\n"],
    );
    finds(
        "[match]\npattern = 'f()'\nunless_text = 'x *== *1'",
        &["f()\n"],
        &["%pip install x==1\n# %%\nf()\n"],
    );
    finds(
        "[match]\npattern = \"f('a')\"\nflow = true",
        &["A = 'a'\n# %%\nf(A)\n"],
        &["A = 'b'\nf(A)\n"],
    );
    finds(
        "[match]\npattern = 'f(a=1, b=2)'\nordered = true",
        &["f(a=1, b=2)\n"],
        &["f(b=2, a=1)\n"],
    );
}

#[test]
fn commands_in_all_spellings() {
    finds(
        "[match]\nshell = 'az account show $$$rest'",
        &[
            "!az account show -o json\n",
            "x = !az account show\n",
            "!!az account show\n",
            "%sx az account show\n",
            "!sudo /usr/bin/az account show | jq\n",
            "%%bash\ncd x\naz account show\n",
            "import subprocess as sp\nsp.run(['az', 'account', 'show'])\n",
            "import subprocess\nsubprocess.check_output('az account show', shell=True)\n",
            "import subprocess\nsubprocess.run(f'az account show -n {n}', shell=True)\n",
            "import subprocess, shlex\nsubprocess.run(shlex.split('az account show'))\n",
            "import subprocess, shutil\naz = shutil.which('az') or 'az'\n# %%\nsubprocess.run([az, 'account', 'show'])\n",
            "import subprocess\ncmd = ['az', 'account', 'show']\n# %%\nsubprocess.run(cmd + extra)\n",
            "import os\nos.system('az account show')\n",
            "import os\nos.popen('az account show').read()\n",
            "get_ipython().system('az account show')\n",
            "import subprocess\nsubprocess.run(['bash', '-c', 'az account show'])\n",
        ],
        &["!echo az account show\nprint('az account show')\n!az account list\n"],
    );
    finds(
        "[match]\nshell = 'pip install ... $name ...'\nat = 'name'\nwhere.name.in = ['sklearn', 'cv2']",
        &[
            "!pip3 install -q cv2 sklearn\n#                ^^^\n#                    ^^^^^^^\n",
            "%pip install cv2\n#            ^^^\n",
            "!{sys.executable} -m pip install cv2\n#                                ^^^\n",
            "pip install sklearn\n#           ^^^^^^^\n",
        ],
        &["!pip uninstall cv2\n"],
    );
    finds(
        "[match]\nshell = 'az x --n 1 ...'\nordered = true",
        &["!az x --n 1\n"],
        &["!az x -a --n 1\n"],
    );
}

#[test]
fn magics_texts_and_outputs() {
    finds(
        "[match]\nmagic = 'load $what'",
        &["%load x\n", "%%load x\ny\n"],
        &["load = 1\n%loads x\n"],
    );
    finds(
        "[match]\ntext = { regex = '^TODO (?P<who>\\w+)', in = ['markdown', 'raw'] }",
        &[
            "# %% [markdown]\nx\nTODO ada\n#^^^^^^^ found\n",
            "# %% [raw]\nTODO ada\n",
        ],
        &["TODO = 1\n"],
    );
    finds(
        "[match]\ntext = { regex = 'refused', in = ['output'] }",
        &["f()\n# %% error OSError: connection refused\n"],
        &["refused()\n"],
    );
    finds(
        "[match]\noutput = { ename = '^OSError$', evalue = 'port (?P<port>\\d+)' }\nat = 'port'",
        &["connect()\n# %% error OSError: port 80 is closed\n# x\n"],
        &[
            "connect()\n# %% error OSError: no\n",
            "connect()\n# %% error Other: port 80\n",
        ],
    );
}

#[test]
fn replacements() {
    mends(
        "pattern = 'f($x)'",
        "replace = '$x.y'",
        &[("g(f(a + b))\n", "g((a + b).y)\n")],
        &["g(1)\n"],
    );
    mends(
        "any = [{ pattern = 'f($x)', replace = 'a($x)' }, 'g($x)']",
        "replace = 'b($x)'",
        &[("f(1)\ng(2)\n", "a(1)\nb(2)\n")],
        &["a(1)\n"],
    );
    let gone = [
        ("a = 1\nf()  # now\nb = 2\n", "a = 1\nb = 2\n"),
        ("if a:\n    f()\n", "if a:\n    pass\n"),
        ("a = 1; f(); b = 2\n", "a = 1; b = 2\n"),
        ("a = 1; f()\n", "a = 1\n"),
        ("a = 1\nf()", "a = 1"),
    ];
    mends("pattern = 'f()'", "replace = ''", &gone, &["g()\n"]);
    mends(
        "pattern = '$x = f($y)'",
        "replace = \"\"\"\ntry:\n    $x = f2($y)\nexcept E:\n    $x = None\"\"\"",
        &[(
            "def g():\n    a = f(\"\"\"x\n  y\"\"\")\n",
            "def g():\n    try:\n        a = f2(\"\"\"x\n  y\"\"\")\n    except E:\n        a = None\n",
        )],
        &["a = g()\n"],
    );
    mends(
        "pattern = 'f($x)'",
        "replace = 'subprocess.run($x)'",
        &[(
            "import subprocess as sp\n# %%\nf(1)\n",
            "import subprocess as sp\n# %%\nsp.run(1)\n",
        )],
        &["g(1)\n"],
    );
    mends(
        "shell = 'old $x'",
        "replace = '!new $x'",
        &[("!old a\n", "!new a\n")],
        &["!new a\n"],
    );
}

#[test]
fn several_edits_and_tables() {
    mends(
        "pattern = 'f($a, $b, $c)'",
        "edits = [{ at = 'a', replace = 'g($a)' }, { at = 'b', delete = true }, { at = 'match', after = ' # $c' }, \
         { at = 'match', before = 'not ' }]",
        &[("f(1, 2, 3)\n", "not f(g(1), 3) # 3\n")],
        &["f(1)\n"],
    );
    mends(
        "pattern = 'f($k, $$$rest)'\nwhere.k.table = 't'",
        "table = 't'\nkey = 'k'\n[tables.t]\na = 'b'",
        &[("f(\"a\", 1)\n", "f(\"b\", 1)\n")],
        &["f('c')\n"],
    );
}

#[test]
fn what_a_fix_needs() {
    let matches = "pattern = 'old($$$a)'";
    let fix =
        "replace = 'client.new($$$a)'\nneeds = ['from acme import Client', 'client = Client()']";
    mends(
        matches,
        fix,
        &[
            // Behind the last import of the same root.
            (
                "import acme\nimport os\n# %%\nold(1)\n# %%\nold(2)\n",
                "import acme\nfrom acme import Client\nclient = Client()\nimport os\n# %%\nclient.new(1)\n# %%\nclient.new(2)\n",
            ),
            // Behind the imports of the first cell that has some.
            (
                "import os\nimport re\nx = 1\n# %%\nold()\n",
                "import os\nimport re\nfrom acme import Client\nclient = Client()\nx = 1\n# %%\nclient.new()\n",
            ),
            // Where the cell of the match starts.
            (
                "%pip install acme\nold()\n",
                "%pip install acme\nfrom acme import Client\nclient = Client()\nclient.new()\n",
            ),
            // What is there is not put in again, and keeps its name.
            (
                "from acme import Client as C\n# %%\nold()\n",
                "from acme import Client as C\nclient = C()\n# %%\nclient.new()\n",
            ),
            (
                "from acme import Client\nclient = Client()\n# %%\nold()\n",
                "from acme import Client\nclient = Client()\n# %%\nclient.new()\n",
            ),
        ],
        &["new()\n"],
    );
    // A name that is taken refuses the fix: found, and left as it is.
    let text = page(
        &format!("[match]\n{matches}\n[fix]\ntitle = 't'\nsafety = 'display'\n{fix}"),
        &examples(&[("client = Other()\n# %%\nold()\n", None)], &["new()\n"]),
    );
    let rule: &'static Rule = Box::leak(Box::new(Rule::from_page("taken", &text).unwrap()));
    let notebook = nbfix_ipynb::Notebook::script(b"client = Other()\nold()\n".to_vec()).unwrap();
    let sources = nbfix_semantic::Sources::parse(&notebook, "a.py");
    let semantic = nbfix_semantic::Semantic::new(&notebook, &sources);
    let linted = nbfix_lint::lint(&semantic, &nbfix_lint::RuleSet::new([rule]));
    assert_eq!(linted.findings.len(), 1);
    assert!(linted.findings[0].fix.is_none());
}

#[test]
fn new_cells() {
    let fix = |after: &str| {
        format!(
            "replace = 'new()'\ncell = {{ source = 'new = make()', after = '{after}', unless = 'new = ' }}"
        )
    };
    let start = "X = 1\n# %%\nimport os\n# %%\nY = 2\n# %%\n";
    let cases = [
        (
            "match",
            "X = 1\n# %%\nimport os\n# %%\nY = 2\n# %%\nnew = make()\n# %%\nnew()\n",
        ),
        (
            "imports",
            "X = 1\n# %%\nimport os\n# %%\nnew = make()\n# %%\nY = 2\n# %%\nnew()\n",
        ),
        (
            "top",
            "new = make()\n# %%\nX = 1\n# %%\nimport os\n# %%\nY = 2\n# %%\nnew()\n",
        ),
    ];
    for (after, wanted) in cases {
        let before = format!("{start}old()\n");
        mends(
            "pattern = 'old()'",
            &fix(after),
            &[(&before, wanted)],
            &["new()\n"],
        );
    }
    mends(
        "pattern = 'old()'",
        &fix("configuration"),
        &[
            (
                "import os\n# %%\nMODEL = 'a'\n# %%\nold()\n",
                "import os\n# %%\nMODEL = 'a'\n# %%\nnew = make()\n# %%\nnew()\n",
            ),
            ("new = 1\n# %%\nold()\n", "new = 1\n# %%\nnew()\n"),
        ],
        &["new()\n"],
    );
}

fn refused(tables: &str) -> PageError {
    let text = page(tables, &examples(&[("f(1)\n", None)], &["g()\n"]));
    Rule::from_page("scratch", &text).unwrap_err()
}

#[test]
fn pages_are_refused_at_their_place() {
    let place = |tables: &str| {
        let error = refused(tables);
        (error.line, error.column, error.message)
    };
    let (line, column, message) = place("[match]\npattern = 'f($x'");
    assert_eq!((line, column), (7, 16), "{message}");
    assert!(message.starts_with("not Python"), "{message}");
    let (line, _, message) = place("[match]\npatern = 'f()'");
    assert!(line == 7 && message.contains("patern"), "{line} {message}");
    let (line, column, message) = place(
        "[match]\npattern = 'f($x)'\n[fix]\ntitle = 't'\nsafety = 'display'\nreplace = 'g($y)'",
    );
    assert_eq!((line, column), (11, 14), "{message}");
    assert!(
        message.contains("`$y`") && message.contains("`$x`"),
        "{message}"
    );
    let cases = [
        ("[match]\npattern = 'f()'\nshell = 'x'", "not both"),
        ("[match]\ntop_level = true", "a matcher needs"),
        ("[match]\ncheck = 'rust'", "only built-in rules"),
        (
            "[match]\npattern = 'f($x)'\nwhere.y.in = ['a']",
            "no such hole",
        ),
        (
            "[match]\npattern = 'f($x)'\nwhere.x.table = 't'",
            "[tables.t]",
        ),
        (
            "[match]\npattern = 'f($x)'\nwhere.x.regex = '('",
            "regular expression",
        ),
        ("[match]\npattern = 'f($x)'\nat = 'y'", "no hole"),
        (
            "[match]\nany = ['f($x)', 'g()']\nwhere.x.in = ['a']",
            "no such hole",
        ),
        (
            "[match]\ntext = { regex = 'a' }\ninside = 'f()'",
            "whole cells",
        ),
        ("[match]\npattern = 'f()'\nreplace = 'x'", "belongs to"),
        ("[match]\nshell = '$x y'", "first word"),
        (
            "[match]\npattern = 'f()'\n[fix]\ntitle = '{x}'\nsafety = 'display'",
            "`{x}`",
        ),
        (
            "[match]\npattern = 'f()'\n[fix]\ntitle = ''\nsafety = 'display'\nneeds = ['f()']",
            "imports something",
        ),
        (
            "[match]\npattern = 'f()'\n[fix]\ntitle = ''\nsafety = 'unsafe'",
            "caution",
        ),
        (
            "[match]\npattern = 'f()'\n[fix]\ntitle = ''\nsafety = 'display'\nkey = 'x'",
            "`table`",
        ),
        (
            "[match]\npattern = 'f()'\n[fix]\ntitle = ''\nsafety = 'display'\nedits = [{ at = 'match' }]",
            "an edit has one",
        ),
    ];
    for (tables, part) in cases {
        let error = refused(tables);
        assert!(error.message.contains(part), "{tables}\n{error}");
        assert!(
            error.line > 4 && error.snippet.contains('^'),
            "{tables}\n{error}"
        );
    }
    let missing = Rule::from_page("x", &page("[match]\npattern = 'f()'", "")).unwrap_err();
    assert!(missing.message.contains("`before`"), "{missing}");
}
