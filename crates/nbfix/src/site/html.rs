//! HTML, as far as the site needs it.

use pulldown_cmark::{Event, Options, Parser, html};

/// `text` as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(char),
        }
    }
    out
}

/// Markdown as HTML. HTML in it is text: a page speaks of tags, and does not use them.
pub(super) fn markdown(text: &str) -> String {
    let plain = |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        event => event,
    };
    let mut out = String::new();
    html::push_html(
        &mut out,
        Parser::new_ext(text, Options::ENABLE_TABLES).map(plain),
    );
    out
}

/// One line of Markdown, without a paragraph around it.
pub(super) fn inline(text: &str) -> String {
    let html = markdown(text);
    let html = html.trim();
    let inner = html.strip_prefix("<p>");
    let inner = inner.and_then(|rest| rest.strip_suffix("</p>"));
    match inner {
        Some(inner) if !inner.contains("<p>") => inner.to_owned(),
        _ => escaped(text),
    }
}

/// A whole file; `root` leads from it to the folder of the site.
pub(super) fn whole(title: &str, root: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"{root}style.css\">\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_cannot_bring_its_own_html() {
        assert_eq!(escaped("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
        assert_eq!(
            inline("`a<b>` is <i>not</i>"),
            "<code>a&lt;b&gt;</code> is &lt;i&gt;not&lt;/i&gt;"
        );
        assert!(!markdown("<script>\nx\n</script>").contains("<script>"));
        assert_eq!(inline("# no heading"), "# no heading");
    }
}
