//! What a template prints.
#![allow(clippy::unwrap_used)]

mod common;

use common::replaced;
use nbfix_pattern::Template;

#[test]
fn holes_and_local_names() {
    assert_eq!(replaced("f($x)", "await $x", "f(go(1))"), "await go(1)");
    assert_eq!(replaced("f($x)", "subprocess.run($x)", "f(a)"), "sp.run(a)");
    assert_eq!(
        replaced("f($x)", "'subprocess.run'", "f(a)"),
        "'subprocess.run'"
    );
    assert_eq!(
        replaced("f($x)", "$x.subprocess.run()", "f(a)"),
        "a.subprocess.run()"
    );
    assert_eq!(replaced("f('$x')", "g('$x-2')", "f('a')"), "g('a-2')");
    assert_eq!(replaced("f('$x')", "g('$x')", "f('a\\'b')"), "g('a\\'b')");
    assert_eq!(
        replaced("f($$$a, t=$t)", "g($$$a, u=$t)", "f(t=1)"),
        "g(u=1)"
    );
    assert_eq!(replaced("f($$$a, t=$t)", "g(0, $$$a)", "f(t=1)"), "g(0)");
    assert_eq!(
        replaced("f($$$a, t=$t)", "g($$$a)", "f(1, t=1, z=2)"),
        "g(1, z=2)"
    );
}

#[test]
fn brackets_where_they_matter() {
    assert_eq!(replaced("f($x)", "$x.y", "f(a + b)"), "(a + b).y");
    assert_eq!(replaced("f($x)", "$x.y", "f(a.b)"), "a.b.y");
    assert_eq!(replaced("f($x)", "$x.real", "f(1)"), "(1).real");
    assert_eq!(replaced("f($x)", "g($x)", "f(a + b)"), "g(a + b)");
    assert_eq!(replaced("f($x)", "-$x", "f(a + b)"), "-(a + b)");
    assert_eq!(replaced("f($x)", "await $x", "f(a or b)"), "await (a or b)");
    assert_eq!(replaced("f($x)", "$x * 2", "f(a + b)"), "(a + b) * 2");
    assert_eq!(replaced("f($x)", "$x + 2", "f(a + b)"), "a + b + 2");
    assert_eq!(replaced("f($x)", "2 - $x", "f(a - b)"), "2 - (a - b)");
    assert_eq!(replaced("f($x)", "not $x", "f(a and b)"), "not (a and b)");
    assert_eq!(
        replaced("f($x)", "[$x]", "f(y for y in z)"),
        "[(y for y in z)]"
    );
    assert_eq!(
        replaced("f($x)", "g($x)", "f(y for y in z)"),
        "g(y for y in z)"
    );
    assert_eq!(
        replaced("f($x)", "g($x, 1)", "f(y for y in z)"),
        "g((y for y in z), 1)"
    );
    assert_eq!(
        replaced("$x = $y", "$x = g($y)", "a = 1, 2"),
        "a = g((1, 2))"
    );
    assert_eq!(replaced("$x = $y", "$x = $y", "a = 1, 2"), "a = 1, 2");
    // The whole template in a place that asks for more.
    assert_eq!(replaced("f($x)", "await $x", "f(a).b"), "(await a).b");
    assert_eq!(replaced("f($x)", "$x", "-f(a + b)"), "-(a + b)");
    assert_eq!(replaced("f($x)", "$x or 1", "g(f(a))"), "g(a or 1)");
    assert_eq!(
        replaced("f($x)", "y = $x", "f((a +\n  b))"),
        "y = (a +\n  b)"
    );
}

#[test]
fn lines_are_indented_like_the_match_and_never_inside_strings() {
    let source = "def g():\n    go = f('''a\n  b''')\n";
    assert_eq!(
        replaced(
            "$x = f($y)",
            "try:\n    $x = h($y)\nexcept E:\n    $x = \"\"\"c\nd\"\"\"",
            source
        ),
        "def g():\n    try:\n        go = h('''a\n  b''')\n    except E:\n        go = \"\"\"c\nd\"\"\"\n"
    );
    let source = "if a:\n  x = '''1\n 2'''\n\n  y = (1,\n     2)\n";
    assert_eq!(
        replaced(
            "if $c:\n    $$$body",
            "try:\n    $$$body\nfinally:\n    pass",
            source
        ),
        "try:\n    x = '''1\n 2'''\n\n    y = (1,\n       2)\nfinally:\n    pass\n"
    );
    assert_eq!(
        replaced(
            "if $c:\n    $$$body",
            "$$$body",
            "for i in j:\n    if a:\n        b\n        c\n"
        ),
        "for i in j:\n    b\n    c\n"
    );
}

#[test]
fn unbound_holes_are_refused() {
    let error = Template::of("f($x, $other)", &["x"]).unwrap_err();
    assert_eq!(error.offset, 6);
    assert!(error.message.contains("`$other`") && error.message.contains("`$x`"));
    assert!(Template::text("az $x", &["x"]).is_ok());
    assert!(Template::text("az $5 $$", &[]).is_ok());
}
