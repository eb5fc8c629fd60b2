//! What a pattern matches.
#![allow(clippy::unwrap_used)]

mod common;

use common::{find, find_with, parse};
use nbfix_pattern::{Options, Pattern, Reach};
use nbfix_python::AnyNodeRef;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn names_match_by_meaning() {
    assert_eq!(find("subprocess.run($a)", "sp.run(x)"), some("a=x"));
    assert_eq!(find("subprocess.run($a)", "go(x)"), some("a=x"));
    assert_eq!(find("subprocess.run($a)", "other.run(x)"), None);
    assert_eq!(find("subprocess.$f(...)", "sp.Popen(x)"), some("f=Popen"));
    assert_eq!(find("subprocess.$f(...)", "go(x)"), some("f=run"));
    assert_eq!(find("subprocess.$f(...)", "sp.a.b(x)"), None);
    assert_eq!(find("$x.run()", "a.b.run()"), some("x=a.b"));
    assert_eq!(find("$x.$f()", "a.b.run()"), some("x=a.b | f=run"));
    assert_eq!(find("app = None", "app = None"), some(""));
    assert_eq!(find("app = None", "sp = None"), None);
}

#[test]
fn arguments() {
    assert_eq!(find("f($$$args)", "f(a, b=1, *c)"), some("args=a, b=1, *c"));
    assert_eq!(find("f($$$args)", "f()"), some("args="));
    assert_eq!(find("f($a, ...)", "f(1, 2, k=3)"), some("a=1"));
    assert_eq!(find("f(..., $a)", "f(1, 2, k=3)"), some("a=2"));
    assert_eq!(find("f($a)", "f(*rest)"), None);
    assert_eq!(find("f($a)", "f(k=1)"), None);
    assert_eq!(find("f($a, ...)", "f(k=1)"), None);
    assert_eq!(find("f(*$a)", "f(*rest)"), some("a=rest"));
    assert_eq!(find("f(**$a)", "f(**rest)"), some("a=rest"));
    assert_eq!(find("f($$$a)", "f((1), (2))"), some("a=(1), (2)"));
    assert_eq!(find("f($a)", "f(x for x in y)"), some("a=x for x in y"));
}

#[test]
fn keywords_stand_in_any_order() {
    assert_eq!(find("f(k=$k, ...)", "f(1, j=2, k=3)"), some("k=3"));
    assert_eq!(find("f(k=$k)", "f(1, k=3)"), None);
    assert_eq!(find("f(k=$k)", "f(j=1, k=3)"), None);
    assert_eq!(find("f(b=$b, a=$a)", "f(a=1, b=2)"), some("b=2 | a=1"));
    assert_eq!(
        find("f($$$rest, t=$t)", "f(a, t=1, k=2, **c)"),
        some("rest=a, k=2, **c | t=1")
    );
    assert_eq!(find("f($name=$v)", "f(k=1)"), some("name=k | v=1"));
    assert_eq!(find("f($n=None, ...)", "f(a=1, b=None)"), some("n=b"));
    let ordered = Options {
        ordered: true,
        ..Options::default()
    };
    assert_eq!(find_with("f(b=$b, a=$a)", "f(a=1, b=2)", ordered), None);
    assert_eq!(
        find_with("f(a=$a, ...)", "f(a=1, b=2)", ordered),
        some("a=1")
    );
}

#[test]
fn repeated_holes_must_be_equal() {
    assert_eq!(find("f($a, $a)", "f(x, x)"), some("a=x"));
    assert_eq!(find("f($a, $a)", "f(x, y)"), None);
    assert_eq!(find("f($a, $a)", "f('x', \"x\")"), some("a='x'"));
    assert_eq!(
        find("f($a, $a)", "f(g( 1,2 ), g(1, 2))"),
        some("a=g( 1,2 )")
    );
    // A choice made early is taken back when a later hole refuses it.
    assert_eq!(
        find("f([..., $x, ...], $x)", "f([1, 2, 3], 2)"),
        some("x=2")
    );
    assert_eq!(find("$x = $x", "a = a"), some("x=a"));
    assert_eq!(find("$x = $x", "a = b"), None);
    assert_eq!(
        find("$x == $_ and $_ == $x", "a == 1 and 2 == a"),
        some("x=a")
    );
}

#[test]
fn literals_lists_and_dicts() {
    assert_eq!(find("f('az')", "f(\"az\")"), some(""));
    assert_eq!(find("f('az')", "f('a' 'z')"), some(""));
    assert_eq!(find("f(1)", "f(2)"), None);
    assert_eq!(find("f(1_000)", "f(1000)"), some(""));
    assert_eq!(find("f(True)", "f(False)"), None);
    assert_eq!(find("f(None)", "f(None)"), some(""));
    assert_eq!(find("[$a, ...]", "[1, 2, 3]"), some("a=1"));
    assert_eq!(find("[..., $a]", "[1, 2, 3]"), some("a=3"));
    assert_eq!(
        find("[$$$a, 2, $$$b]", "[1, 2, (3), 4]"),
        some("a=1 | b=(3), 4")
    );
    assert_eq!(find("{'k': $v, ...}", "{'a': 1, 'k': 2}"), some("v=2"));
    assert_eq!(
        find("{'k': $v, $$$rest}", "{'a': 1, 'k': 2, **b}"),
        some("v=2 | rest='a': 1, **b")
    );
    assert_eq!(find("{'k': $v}", "{'a': 1, 'k': 2}"), None);
    assert_eq!(find("{$$$a}", "{1, 2}"), some("a=1, 2"));
    assert_eq!(find("$x[$i]", "a['k']"), some("x=a | i='k'"));
    assert_eq!(find("$x[:$n]", "a[:3]"), some("x=a | n=3"));
    assert_eq!(find("$x[:$n]", "a[1:3]"), None);
}

#[test]
fn operators() {
    assert_eq!(find("$a + $b", "x - y"), None);
    assert_eq!(find("$a + $b", "x + y * z"), some("a=x | b=y * z"));
    assert_eq!(find("$a or $$$b", "x or y or z"), some("a=x | b=y or z"));
    assert_eq!(find("$a < $b", "x < y < z"), None);
    assert_eq!(find("$a is not None", "x is not None"), some("a=x"));
    assert_eq!(find("not $a", "not x"), some("a=x"));
    assert_eq!(find("await $a", "await x()"), some("a=x()"));
    assert_eq!(find("lambda: $a", "lambda: 1"), some("a=1"));
    assert_eq!(
        find("[$a for $b in $c]", "[x for x in y]"),
        some("a=x | b=x | c=y")
    );
    assert_eq!(
        find("$a if $b else $c", "x if y else z"),
        some("a=x | b=y | c=z")
    );
}

#[test]
fn holes_in_strings() {
    assert_eq!(find("f('$x')", "f(\"abc\")"), some("x=abc"));
    assert_eq!(find("f('$x')", "f(abc)"), None);
    assert_eq!(find("f('pre-$x-post')", "f('pre-mid-post')"), some("x=mid"));
    assert_eq!(find("f('pre-$x')", "f('mid')"), None);
    assert_eq!(find("f('$a/$b')", "f('x/y/z')"), some("a=x | b=y/z"));
    assert_eq!(find("f('$a/$b/$a')", "f('x/y/x')"), some("a=x | b=y"));
    assert_eq!(find("f('$a/$b/$a')", "f('x/y/z')"), None);
    assert_eq!(find("f('...')", "f('anything')"), some(""));
    assert_eq!(find("f('$5')", "f('$5')"), some(""), "no name, no hole");
    assert_eq!(find("f('$$x')", "f('$x')"), some(""), "an escaped dollar");
    assert_eq!(find("f('a$x')", "f('a' 'b')"), some("x=b"));
    assert_eq!(find("f(f'$x')", "f(f'a{b}')"), some("x=a{b}"));
    assert_eq!(
        find("f('https://$host/')", "f(f'https://{name}.x/')"),
        some("host={name}.x")
    );
    assert_eq!(find("f(f'a {$x} b')", "f(f'a {g(1)} b')"), some("x=g(1)"));
    assert_eq!(find("f(f'{$x!r}')", "f(f'{y}')"), None);
    assert_eq!(
        find("f('a}$x')", "f(f'{a}b')"),
        None,
        "no text inside an interpolation"
    );
    assert_eq!(
        find("import $m.chat", "import openai.chat"),
        some("m=openai")
    );
}

#[test]
fn places_of_string_parts() {
    let place = |pattern: &str, source: &str| {
        let pattern = Pattern::parse(pattern).unwrap();
        let module = parse(source);
        let node = AnyNodeRef::from(&module.body()[0]);
        let found = pattern.matches(node, source, &common::Imports).unwrap();
        let bound = found.get("x").unwrap();
        (bound.range.of(source).to_owned(), bound.exact)
    };
    assert_eq!(
        place("s = 'a-$x'", "s = r'''a-b'''"),
        ("b".to_owned(), true)
    );
    assert_eq!(
        place("s = 'a-$x'", "s = 'a-b\\n'"),
        ("'a-b\\n'".to_owned(), false)
    );
    assert_eq!(place("s = 'a-$x'", "s = 'a-' 'b'"), ("b".to_owned(), true));
    assert_eq!(
        place("s = 'a-$x'", "s = 'a-b' 'c'"),
        ("'a-b' 'c'".to_owned(), false)
    );
    assert_eq!(
        place("s = 'a-$x'", "s = f'a-{b}'"),
        ("{b}".to_owned(), true)
    );
}

#[test]
fn constants_flow_when_asked() {
    let flow = Options {
        flow: true,
        ..Options::default()
    };
    assert_eq!(find_with("f('gpt-4')", "f(MODEL)", flow), some(""));
    assert_eq!(find_with("f('gpt-$v')", "f(MODEL)", flow), some("v=4"));
    assert_eq!(find_with("f('gpt-4')", "f(OTHER)", flow), None);
    assert_eq!(find("f('gpt-4')", "f(MODEL)"), None);
}

#[test]
fn headers_and_bodies() {
    assert_eq!(
        find(
            "if not $x:\n    raise $e",
            "if not key:\n    raise ValueError('k')"
        ),
        some("x=key | e=ValueError('k')")
    );
    assert_eq!(find("if $x:\n    ...", "if a:\n    b\n    c"), some("x=a"));
    assert_eq!(find("if $x:\n    ...", "if a:\n    b\nelse:\n    c"), None);
    assert_eq!(
        find(
            "if $x:\n    ...\nelse:\n    $$$b",
            "if a:\n    b\nelse:\n    c\n    d"
        ),
        some("x=a | b=c\n    d")
    );
    assert_eq!(
        find("if $x:\n    $$$b", "if a:\n    b\n    c"),
        some("x=a | b=b\n    c")
    );
    assert_eq!(
        find(
            "if $x:\n    ...\n    stop()\n    ...",
            "if a:\n    b\n    stop()"
        ),
        some("x=a")
    );
    assert_eq!(
        find(
            "with open($f) as $h:\n    ...",
            "with open('a') as f:\n    pass"
        ),
        some("f='a' | h=f")
    );
    assert_eq!(
        find("with open($f):\n    ...", "with open('a') as f:\n    pass"),
        None
    );
    assert_eq!(
        find(
            "with ..., open($f), ...:\n    ...",
            "with a, open('x'), b:\n    pass"
        ),
        some("f='x'")
    );
    assert_eq!(
        find(
            "for $i in range($n):\n    ...",
            "for i in range(3):\n    pass"
        ),
        some("i=i | n=3")
    );
    assert_eq!(
        find(
            "for $i in $n:\n    ...",
            "async def f():\n    async for i in x:\n        pass"
        ),
        None
    );
    assert_eq!(
        find("while True:\n    $$$b", "while True:\n    pass"),
        some("b=pass")
    );
    assert_eq!(find("$x = f()", "y: int = f()"), some("x=y"));
    assert_eq!(find("return $x", "def f():\n    return"), None);
    assert_eq!(find("$x += $y", "a += 1"), some("x=a | y=1"));
    assert_eq!(find("$x += $y", "a -= 1"), None);
}

#[test]
fn functions_and_classes() {
    let source = "@app.route(route='a')\n@other\ndef go(req: str, n=1) -> int:\n    return 1";
    assert_eq!(
        find("def $f($$$p): ...", source),
        some("f=go | p=req: str, n=1")
    );
    assert_eq!(find("def $f($a, ...): ...", source), some("f=go | a=req"));
    assert_eq!(find("def $f(...): ...", source), some("f=go"));
    assert_eq!(find("def $f($a): ...", source), None);
    assert_eq!(
        find("@$d($$$a)\ndef $f(...): ...", source),
        some("d=app.route | a=route='a' | f=go")
    );
    assert_eq!(find("@other\ndef $f(...): ...", source), some("f=go"));
    assert_eq!(find("@third\ndef $f(...): ...", source), None);
    assert_eq!(find("async def $f(...): ...", source), None);
    assert_eq!(find("def $f(...) -> $t: ...", source), some("f=go | t=int"));
    assert_eq!(find("class $C: ...", "class A(B):\n    x = 1"), some("C=A"));
    assert_eq!(
        find("class $C($b): ...", "class A(B):\n    x = 1"),
        some("C=A | b=B")
    );
    assert_eq!(find("class $C(): ...", "class A(B):\n    x = 1"), None);
}

#[test]
fn try_and_handlers() {
    let source =
        "try:\n    a()\nexcept KeyError:\n    pass\nexcept Exception as e:\n    raise X(str(e))";
    assert_eq!(
        find("except $E as $e:\n    raise $X(str($e))", source),
        some("E=Exception | e=e | X=X")
    );
    assert_eq!(find("except KeyError:\n    pass", source), some(""));
    assert_eq!(find("except:\n    pass", source), None);
    assert_eq!(
        find("except:\n    pass", "try:\n    a\nexcept:\n    pass"),
        some("")
    );
    assert_eq!(
        find("try:\n    $$$b\nexcept ...:\n    ...", source),
        some("b=a()")
    );
    assert_eq!(find("try:\n    ...\nexcept $E:\n    ...", source), None);
    assert_eq!(find("raise $X from $e", source), None);
    assert_eq!(find("raise $X($m)", source), some("X=X | m=str(e)"));
}

#[test]
fn imports() {
    assert_eq!(find("import openai", "import openai"), some(""));
    assert_eq!(find("import openai", "import openai as o"), None);
    assert_eq!(
        find("import openai as $o", "import openai as o"),
        some("o=o")
    );
    assert_eq!(
        find("import ..., openai, ...", "import os, openai"),
        some("")
    );
    assert_eq!(
        find("from a.b import $$$n", "from a.b import c, d as e"),
        some("n=c, d as e")
    );
    assert_eq!(find("from a.b import c", "from a.b import c, d"), None);
    assert_eq!(
        find("from a.$m import ...", "from a.b import c"),
        some("m=b")
    );
    assert_eq!(find("from ...a import b", "from ...a import b"), some(""));
}

#[test]
fn refusals_say_where() {
    let error = |text: &str| {
        let error = Pattern::parse(text).unwrap_err();
        (error.offset, error.message)
    };
    let (offset, message) = error("$$$abc = f(");
    assert!(
        offset >= 9 && message.starts_with("not Python"),
        "{offset} {message}"
    );
    assert_eq!(error("a\nb").0, 2);
    assert!(error("$x").1.contains("everything"));
    assert!(error("...").1.contains("everything"));
    assert!(
        error("except A:\n    pass\nexcept B:\n    pass")
            .1
            .contains("one `except`")
    );
    assert_eq!(error("except A:\n    f($x, = 1)").0, 20);
    let long = format!("f({})", ["..."; 12].join(", 1, "));
    let list = format!("f({})", vec!["2"; 3000].join(", "));
    assert_eq!(find(&long, &list), None, "the search is bounded");
}

#[test]
fn words_that_a_match_needs() {
    let words = |text: &str| {
        let pattern = Pattern::parse(text).unwrap();
        let sign = |reach| match reach {
            Reach::Text => "",
            Reach::Meaning => "?",
            Reach::Document => "*",
        };
        let words = pattern.words();
        let shown = words.iter().map(|w| format!("{}{}", w.text, sign(w.reach)));
        shown.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        words("subprocess.run($a, shell=True)"),
        "run? shell subprocess*"
    );
    assert_eq!(words("openai.$x.create($a)"), "create? openai*");
    assert_eq!(words("$x.create(...)"), "create");
    assert_eq!(words("from a.b import c"), "a b c");
    assert_eq!(words("f('text')"), "f?");
}
