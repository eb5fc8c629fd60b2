//! What only Python 2 could read.

use std::sync::LazyLock;

use regex::Regex;

/// The expressions of this module; `None` if one of them does not compile, which a test would show.
struct Forms {
    print: Regex,
    exec: Regex,
    raise: Regex,
    except: Regex,
    tuple: Regex,
    octal: Regex,
    long: Regex,
    raw: Regex,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    Some(Forms {
        print: Regex::new(r#"(?m)(?:^|[:;])[ \t]*print[ \t]*(?:["'`{]|[ \t][A-Za-z_0-9])"#).ok()?,
        exec: Regex::new(r#"(?m)(?:^|[:;])[ \t]*exec[ \t]*(?:["']|[ \t][A-Za-z_])"#).ok()?,
        raise: Regex::new(r"(?m)(?:^|[:;])[ \t]*raise[ \t]+[\w.]+[ \t]*,").ok()?,
        except: Regex::new(r"(?m)^[ \t]*except\b[^:\n]*,").ok()?,
        tuple: Regex::new(r"\blambda[ \t]*\(").ok()?,
        octal: Regex::new(r"\b0[0-9]+\b").ok()?,
        long: Regex::new(r"\b(?:0[xX][0-9a-fA-F]+|[0-9]+)[lL]\b").ok()?,
        raw: Regex::new(r#"\b[uU][rR]["']"#).ok()?,
    })
});

/// The text with what only Python 2 reads put into words of Python 3, byte for byte of the same length, so that every
/// place in it is one of `text`. What it means does not matter, for nobody runs it: what Python 3 still does not read in it,
/// Python 2 could not read either.
pub(crate) fn readable(text: &str) -> String {
    let Some(forms) = FORMS.as_ref() else {
        return text.to_owned();
    };
    let mut bytes = text.as_bytes().to_vec();
    // `print x` becomes `prin, x`, which is a tuple; so does `exec x in y`.
    for (form, word) in [(&forms.print, "print"), (&forms.exec, "exec")] {
        for found in form.find_iter(text) {
            if let Some(at) = found.as_str().find(word) {
                put(&mut bytes, found.start() + at + word.len() - 1, b',');
            }
        }
    }
    // `except A, e:` becomes `except A| e:`, and `raise A, "b"` likewise.
    for (form, end) in [(&forms.raise, ";"), (&forms.except, ":")] {
        for found in form.find_iter(text) {
            let word = found.as_str().find(['r', 'e']).unwrap_or(0);
            for comma in commas(text, found.start() + word, end) {
                put(&mut bytes, comma, b'|');
            }
        }
    }
    for found in forms.tuple.find_iter(text) {
        let end = text[found.end()..].find([':', '\n']);
        let end = end.map_or(text.len(), |length| found.end() + length);
        for at in found.start()..end {
            if matches!(bytes.get(at), Some(b'(' | b')')) {
                put(&mut bytes, at, b' ');
            }
        }
    }
    for found in forms.octal.find_iter(text) {
        put(&mut bytes, found.start(), b'1');
    }
    for found in forms.long.find_iter(text) {
        put(&mut bytes, found.end() - 1, b'0');
    }
    for found in forms.raw.find_iter(text) {
        put(&mut bytes, found.start(), b'+');
    }
    for (at, _) in text.match_indices("<>") {
        put(&mut bytes, at, b'!');
        put(&mut bytes, at + 1, b'=');
    }
    // Backticks come in pairs, each in one line.
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let ticks: Vec<usize> = line.match_indices('`').map(|(at, _)| start + at).collect();
        for pair in ticks.chunks_exact(2) {
            if let [open, close] = pair {
                put(&mut bytes, *open, b'(');
                put(&mut bytes, *close, b')');
            }
        }
        start += line.len();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Puts one sign of ASCII in the place of another.
fn put(bytes: &mut [u8], at: usize, sign: u8) {
    if let Some(byte) = bytes.get_mut(at).filter(|byte| byte.is_ascii()) {
        *byte = sign;
    }
}

/// The commas outside of brackets and strings from `start` to one of the signs of `end`, or the end of the line.
fn commas(text: &str, start: usize, end: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    for (at, sign) in text.get(start..).unwrap_or_default().char_indices() {
        match (quote, sign) {
            (Some(open), _) if sign == open || sign == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(sign),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '\n' | '#') if depth == 0 => break,
            (None, ',') if depth == 0 => found.push(start + at),
            (None, sign) if depth == 0 && end.contains(sign) => break,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use nbfix_python::Module;
    use nbfix_text::TextRange;

    use super::readable;

    fn errors(text: &str) -> usize {
        let code = TextRange::new(0, text.len());
        Module::cell(text, code).errors().len()
    }

    #[test]
    fn what_python_2_reads() {
        for text in [
            "print 'a', b",
            "print",
            "print x,",
            "print >>sys.stderr, 'a'",
            "print 'a' % (b, c); print 3",
            "for i in x: print i",
            "print {1: 2}",
            "print\"a\"",
            "print `x` + `y`",
            "print not x",
            "print -x",
            "print u'\u{e4}', ur'\\d'",
            "try:\n    f()\nexcept (A, B), e:\n    print e\nexcept C, e:  # a, b\n    pass",
            "raise A, 'b'",
            "raise A, 'b, c', d",
            "exec code in names",
            "exec 'x = 1'",
            "sorted(x, key=lambda (a, b): b)",
            "os.chmod(path, 0755)",
            "x = 0xFFL + 12l",
            "if a <> b: print 'other'",
        ] {
            let modern = readable(text);
            assert_eq!(modern.len(), text.len(), "{text}");
            assert_eq!(errors(&modern), 0, "{text} -> {modern}");
        }
    }

    #[test]
    fn what_it_does_not_read() {
        for text in [
            "val x = new Context(y)",
            "key = <YOUR-KEY>",
            "if x print x",
            "print 'a",
            "curl -X POST https://api.example.com",
        ] {
            assert!(errors(&readable(text)) > 0, "{text}");
        }
    }

    #[test]
    fn python_3_stays_readable() {
        let text = "print(a, b)\nx = {'a': 0.05, 'b': \"`c` <> d\"}\nraise E(a, b)\nprinter = 3\nprint ('x')\n";
        assert_eq!(errors(&readable(text)), 0);
    }
}
