//! The rule that every public type shows its use: an example in its own documentation, which the tests run.
//!
//! It reads lines, not Rust. A public type is a line that starts with `pub struct` and the like, at any depth: so types
//! that a macro of ours makes are held as well, and their example stands in the macro. Types that a derive writes into
//! the crates of users (`pub struct #name`) are theirs. What nobody is shown needs no example: a type under
//! `#[doc(hidden)]`, and all files of a module that is declared under it.

use super::FENCE;

/// Crates with a library that only we use.
const OURS_ALONE: &[&str] = &["dspex-conformance"];

/// How the declaration of a type begins.
const KINDS: &[&str] = &["pub struct ", "pub enum ", "pub union ", "pub trait ", "pub unsafe trait "];

/// What stands after a fence whose block is Rust that is run.
const RUN: &[&str] = &["", "rust", "should_panic"];

const HIDDEN: &str = "#[doc(hidden)]";

/// What breaks the rule among the files of the workspace, which are known by their path in it: public types without an
/// example.
pub(super) fn check(files: &[(String, String)]) -> Vec<String> {
    let hidden: Vec<String> = files.iter().flat_map(|(name, text)| hidden_modules(name, text)).collect();
    let is_hidden = |name: &str| {
        hidden.iter().any(|m| name.strip_prefix(m).is_some_and(|rest| rest == ".rs" || rest.starts_with('/')))
    };
    files
        .iter()
        .filter(|(name, _)| is_api(name, files) && !is_hidden(name))
        .flat_map(|(name, text)| in_file(name, text))
        .collect()
}

/// Whether a file is a part of a library that users see.
fn is_api(name: &str, files: &[(String, String)]) -> bool {
    let Some((krate, file)) = name.strip_prefix("crates/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let library = format!("crates/{krate}/src/lib.rs");
    file.starts_with("src/") && !OURS_ALONE.contains(&krate) && files.iter().any(|(n, _)| *n == library)
}

/// The modules that a file declares as hidden, as paths of their files without the ending.
fn hidden_modules(name: &str, text: &str) -> Vec<String> {
    let parent = name.trim_end_matches(".rs");
    let folder = ["/lib", "/main", "/mod"].iter().find_map(|end| parent.strip_suffix(end)).unwrap_or(parent);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let module = |i: usize| {
        let declared = lines[i].strip_prefix("pub ").unwrap_or(lines[i]);
        let module = declared.strip_prefix("mod ")?.strip_suffix(';')?;
        above(&lines, i).any(|l| l == HIDDEN).then(|| format!("{folder}/{module}"))
    };
    (0..lines.len()).filter_map(module).collect()
}

fn in_file(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let lacks = |i: usize| {
        let rest = KINDS.iter().find_map(|kind| lines[i].strip_prefix(kind))?;
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_$".contains(c))).unwrap_or(rest.len());
        // A macro takes the documentation of its types from where it is used.
        let passed_on = above(&lines, i).any(|l| l.contains("$doc"));
        let is_hidden = above(&lines, i).any(|l| l == HIDDEN);
        let shown = end > 0 && !is_hidden && !passed_on && !has_example(&lines, i);
        shown.then(|| {
            let ty = &rest[..end];
            format!(
                "{name}:{}: expected an example in the documentation of `{ty}`, found none that runs",
                i + 1
            )
        })
    };
    (0..lines.len()).filter_map(lacks).collect()
}

/// The documentation and the attributes of an item, from the item up.
fn above<'a>(lines: &'a [&'a str], item: usize) -> impl Iterator<Item = &'a str> {
    let ends = |line: &str| line.is_empty() || line.ends_with(['{', '}', ';']);
    lines[..item].iter().rev().copied().take_while(move |line| line.starts_with("///") || !ends(line))
}

fn has_example(lines: &[&str], item: usize) -> bool {
    let fences = above(lines, item).filter_map(|l| l.strip_prefix("///")?.trim().strip_prefix(FENCE));
    let fences: Vec<&str> = fences.collect();
    // Every second fence closes a block and has no word either.
    fences.iter().rev().step_by(2).any(|word| RUN.contains(&word.trim()))
}

#[cfg(test)]
mod tests {
    use super::{FENCE, check};

    /// What is wrong with one file of a crate.
    fn of(name: &str, text: &str) -> Vec<String> {
        let library =
            ("crates/x/src/lib.rs".to_owned(), "#[doc(hidden)]\npub mod secret;\nmod open;".to_owned());
        check(&[library, (name.to_owned(), text.replace('~', FENCE))])
    }

    #[test]
    fn a_type_needs_a_block_that_runs() {
        let name = "crates/x/src/open.rs";
        let good = [
            "/// A.\n///\n/// ~\n/// f();\n/// ~\n#[derive(\n    Debug,\n)]\npub struct A;",
            "/// A.\n///\n/// ~text\n/// a\n/// ~\n/// ~\n/// { f() }\n/// ~\npub trait A {",
            "pub(crate) struct A;\npub fn f() {}\nstruct B;",
            "#[doc(hidden)]\npub enum A {}",
            "quote! {\n    pub struct #slots {}\n}",
        ];
        for text in good {
            assert!(of(name, text).is_empty(), "{text}");
        }
        let bad = [
            "/// A.\npub struct A;",
            "pub struct A<T>(T);",
            "/// A.\n///\n/// ~text\n/// a\n/// ~\npub enum A {",
            "/// ~\n/// f();\n/// ~\npub fn f() {}\n/// A.\npub unsafe trait A {",
            "mod inside {\n    /// A.\n    #[derive(Debug)]\n    pub struct A;\n}",
        ];
        for text in bad {
            assert_eq!(of(name, text).len(), 1, "{text}");
        }
        let made = "macro_rules! made {\n    ($name:ident) => {\n        /// Made.\n        pub struct $name;\n    };\n}";
        assert_eq!(
            of(name, made),
            [
                "crates/x/src/open.rs:4: expected an example in the documentation of `$name`, found none that runs"
            ]
        );
    }

    #[test]
    fn what_users_do_not_see_needs_none() {
        let text = "pub struct A;";
        for name in ["secret.rs", "secret/part.rs"] {
            assert!(of(&format!("crates/x/src/{name}"), text).is_empty(), "{name}");
        }
        assert_eq!(of("crates/x/src/secrets.rs", text).len(), 1);
        for name in ["crates/program/src/main.rs", "crates/x/tests/a.rs", "crates/dspex-conformance/src/a.rs"]
        {
            assert!(of(name, text).is_empty(), "{name}");
        }
    }
}
