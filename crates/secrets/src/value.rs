//! Whether a value is a secret, or only stands for one.

use crate::assigned::Kind;

/// Parts of values that only stand for a secret, in lower case. Four letters or more: shorter ones come up in what is
/// random, too.
const STAND_INS: &[&str] = &[
    "your",
    "example",
    "xxxx",
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "dummy",
    "fake",
    "insert",
    "replace",
    "redacted",
    "masked",
    "hidden",
    "removed",
    "sample",
    "paste",
    "here",
    "todo",
    "....",
    "****",
    "____",
    "----",
    "0000000",
    "1111111",
    "12345678",
    "23456789",
    "abcdefg",
    "bcdefgh",
    "abcd1234",
    "a1b2c3d4",
    "1a2b3c4d",
    "deadbeef",
    "foobar",
    "lorem",
    "notreal",
    "not-real",
    "not_real",
    "invalid",
    "hardcoded",
    "mysecret",
    "my-secret",
    "my_secret",
    "secret-key",
    "secret_key",
    "secretkey",
    "api-key",
    "api_key",
    "apikey",
    "testing",
    "test-key",
    "test_key",
    "qwerty",
];

/// More of them, for values that nothing but a name makes a secret.
const PLAIN_STAND_INS: &[&str] = &[
    "test",
    "demo",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "admin",
    "user",
    "root",
    "guest",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "welcome",
    "letmein",
    "default",
    "mypass",
    "some",
    "the-",
    "empty",
    "none",
    "null",
    "not-needed",
    "notneeded",
    "no-key",
    "ollama",
    "lm-studio",
    "local",
    "1234",
    "foo",
    "bar",
    "abc",
    "...",
    "***",
    "xxx",
];

/// Whether a value says itself that it is none.
pub(crate) fn is_stand_in(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let has = |word: &&str| lower.contains(*word);
    value.contains('\u{2026}')
        || value.contains(['<', '>', '{', '}'])
        || value.contains("...")
        || STAND_INS.iter().any(has)
        || longest_run(value.as_bytes()) >= 8
}

/// Whether a value is as random as what a machine makes: `entropy` in bits for each character, and a digit, if there
/// always is one.
pub(crate) fn looks_random(value: &str, entropy: f64, digits: bool) -> bool {
    let bytes = value.as_bytes();
    (!digits || bytes.iter().any(u8::is_ascii_digit)) && entropy_of(bytes) >= entropy
}

/// Whether a value that is given to a name of this kind is a secret.
pub(crate) fn is_secret(kind: Kind, value: &str) -> bool {
    let least = match kind {
        Kind::Password => 8,
        _ => 16,
    };
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || !(least..=400).contains(&value.len()) || is_stand_in(value) || is_reference(value)
    {
        return false;
    }
    match kind {
        Kind::Password => is_password(value),
        Kind::Key | Kind::Token | Kind::Secret => is_key(value),
    }
}

/// Whether it names a place, a file or a variable.
fn is_reference(value: &str) -> bool {
    const STARTS: &[&str] = &[
        "$",
        "%",
        "/",
        "./",
        "../",
        "~",
        "\\",
        "#",
        "@",
        "http",
        "os.",
        "env.",
        "arn:",
        "projects/",
        "data:",
        "--",
        "sha256:",
        "sha1-",
        "sha512-",
    ];
    const ENDS: &[&str] = &[
        ".json", ".txt", ".pem", ".csv", ".py", ".env", ".key", ".yaml", ".yml", ".toml", ".html",
        ".com", ".net", ".org", ".io", ".png", ".ipynb", ".pkl", ".cfg", ".ini", ".dat",
        ".parquet",
    ];
    STARTS.iter().any(|start| value.starts_with(start))
        || ENDS.iter().any(|end| value.ends_with(end))
        || value.contains("://")
        || value.contains("$(")
        || value.contains('(')
        || value.contains("](")
}

fn is_password(value: &str) -> bool {
    let lower = unleet(value);
    if PLAIN_STAND_INS.iter().any(|word| lower.contains(word)) {
        return false;
    }
    let has = |class: fn(&u8) -> bool| usize::from(value.bytes().any(|byte| class(&byte)));
    let letters = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase);
    let others = has(u8::is_ascii_digit) + has(u8::is_ascii_punctuation);
    // A name or a path in words has letters and separators, and no more.
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    letters > 0 && digits > 0 && letters + others >= 3 && entropy_of(value.as_bytes()) >= 2.7
}

/// A long key, of letters and digits, that is not made of words.
fn is_key(value: &str) -> bool {
    let bytes = value.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = bytes
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    let is_charset = bytes
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.~:%!@#$^&*".contains(byte));
    if digits < 2 || letters < 2 || !is_charset {
        return false;
    }
    let is_hex = bytes
        .iter()
        .all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let lower = value.to_ascii_lowercase();
    let words = ["test", "demo", "password", "secret", "token", "some"];
    if words.iter().any(|word| lower.contains(word)) {
        return false;
    }
    let longest = value.split(['-', '_', '.', ':', '/']).map(str::len).max();
    if is_hex {
        let dashes = bytes.iter().filter(|byte| **byte == b'-').count();
        return entropy_of(bytes) >= 3.0 && (dashes == 0 && value.len() >= 24 || is_uuid(value));
    }
    longest.unwrap_or_default() >= 12
        && entropy_of(bytes) >= 3.3
        && in_words(value) * 2 < value.len()
}

/// `8-4-4-4-12` hexadecimal digits.
fn is_uuid(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
}

/// How many characters belong to words: runs of five letters or more, in lower case after the first.
fn in_words(value: &str) -> usize {
    let bytes = value.as_bytes();
    let (mut sum, mut at) = (0, 0);
    while at < bytes.len() {
        let start = at;
        if bytes[at].is_ascii_alphabetic() {
            at += 1;
            while at < bytes.len() && bytes[at].is_ascii_lowercase() {
                at += 1;
            }
            if at - start >= 5 {
                sum += at - start;
            }
        } else {
            at += 1;
        }
    }
    sum
}

/// In lower case, with letters for the digits and signs that stand for them.
fn unleet(value: &str) -> String {
    let plain = |c: char| match c {
        '0' => 'o',
        '@' => 'a',
        '$' => 's',
        '5' => 's',
        '3' => 'e',
        '!' => 'i',
        _ => c.to_ascii_lowercase(),
    };
    let mut out: String = value.chars().map(plain).collect();
    // Digits are looked for as they are, too.
    out.push(' ');
    out.push_str(&value.to_ascii_lowercase());
    out
}

/// The most characters of one kind in a row.
fn longest_run(bytes: &[u8]) -> usize {
    let (mut best, mut run, mut last) = (0, 0, None);
    for byte in bytes {
        run = if last == Some(byte) { run + 1 } else { 1 };
        last = Some(byte);
        best = best.max(run);
    }
    best
}

/// Shannon's entropy, in bits for each character.
fn entropy_of(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / all;
            -share * share.log2()
        })
        .sum()
}
