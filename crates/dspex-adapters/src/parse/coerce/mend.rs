//! Values with marks around them or in another spelling, where there is one reading only.
//!
//! DSPy fails on all of these. Each step is a rule of the policy; nothing is guessed from a part of the text.

use std::borrow::Cow;

use dspex_core::{FieldType, ParseRule, Value};

use super::{Coercion, scalar, words};

/// Text longer than this is no number with marks or words around it.
const MAX_LENGTH: usize = 8000;

/// What became of text that is no value as it stands.
pub(super) enum Mended {
    /// It is no value with marks around it either.
    No,
    /// It has two readings; the rule that would have to choose.
    Refused(ParseRule),
    /// The value and what was done for it.
    Yes(Value, Vec<ParseRule>),
}

/// A number or truth value with marks around it, or with commas between groups of digits.
pub(super) fn scalar(cx: &Coercion<'_>, text: &str, ty: &FieldType) -> Mended {
    if !matches!(ty, FieldType::Int | FieldType::Float | FieldType::Bool | FieldType::Decimal) {
        return Mended::No;
    }
    // No number is longer, whatever stands around it.
    if text.len() > MAX_LENGTH {
        return Mended::No;
    }
    match decorated(cx, text, ty) {
        Mended::No => {}
        done => return done,
    }
    if let Some(value) = percent(cx, text, ty) {
        return Mended::Yes(value, vec![ParseRule::Percent]);
    }
    if cx.applies(ParseRule::SurroundingWords)
        && let Some(piece) = among_words(cx, text, ty)
    {
        return match decorated(cx, piece, ty) {
            Mended::No => read(piece, ty)
                .map_or(Mended::No, |value| Mended::Yes(value, vec![ParseRule::SurroundingWords])),
            Mended::Yes(value, mut rules) => {
                rules.push(ParseRule::SurroundingWords);
                Mended::Yes(value, rules)
            }
            refused @ Mended::Refused(_) => refused,
        };
    }
    if cx.guesses(ParseRule::NumberInWords)
        && *ty != FieldType::Bool
        && let Some(number) = words::only_number(text)
    {
        let clean = match grouped(number, ty) {
            Grouped::Yes(clean) => clean,
            _ => number.to_owned(),
        };
        return read(&clean, ty)
            .map_or(Mended::No, |value| Mended::Yes(value, vec![ParseRule::NumberInWords]));
    }
    Mended::No
}

/// The value among words that change nothing, or before its explanation.
fn among_words<'t>(cx: &Coercion<'_>, text: &'t str, ty: &FieldType) -> Option<&'t str> {
    if *ty == FieldType::Bool {
        let is_value = |piece: &str| matches!(piece.to_lowercase().as_str(), "yes" | "no" | "true" | "false");
        return words::announced(text, cx.field, is_value).or_else(|| words::explained(text, is_value));
    }
    let is_value = |piece: &str| {
        piece.contains(|c: char| c.is_ascii_digit())
            && (read(piece, ty).is_some() || !matches!(grouped(piece, ty), Grouped::No))
    };
    // A number on the first line, with its explanation below.
    let alone = || {
        let (first, rest) = text.trim().split_once('\n')?;
        let explains = rest.trim_start().starts_with(|c: char| c.is_alphabetic() || c == '(');
        (explains && is_value(first.trim())).then(|| first.trim())
    };
    words::announced(text, cx.field, is_value).or_else(alone)
}

/// `85%` as a fraction, or as it is where the field goes to 100.
fn percent(cx: &Coercion<'_>, text: &str, ty: &FieldType) -> Option<Value> {
    if !cx.applies(ParseRule::Percent) || *ty == FieldType::Bool {
        return None;
    }
    let number = layers(text, &['.']).into_iter().find_map(|bare| bare.strip_suffix('%'))?.trim_end();
    let hundred = cx.at_most.is_some_and(|bound| (bound - 100.0).abs() < f64::EPSILON);
    if hundred {
        return read(number, ty);
    }
    let fraction = cx.at_most.is_some_and(|bound| bound <= 1.0) || cx.guesses(ParseRule::Percent);
    if *ty == FieldType::Int || !fraction {
        return None;
    }
    // Two places to the left, in the digits: 85 / 100 of doubles is not always 0.85.
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    read(&format!("{number}e-2"), ty)
}

/// A value with marks around it, or with commas between groups of digits.
fn decorated(cx: &Coercion<'_>, text: &str, ty: &FieldType) -> Mended {
    let marks = cx.applies(ParseRule::ScalarDecoration);
    let commas = cx.applies(ParseRule::ThousandsSeparator) && !matches!(ty, FieldType::Bool);
    for (i, bare) in layers(text, &['.']).into_iter().enumerate() {
        if i > 0 && !marks {
            break;
        }
        let decorated = (i > 0).then_some(ParseRule::ScalarDecoration);
        if (i > 0 || (marks && bare.starts_with('\u{2212}')))
            && let Some(value) = read(bare, ty)
        {
            return Mended::Yes(value, vec![ParseRule::ScalarDecoration]);
        }
        if !commas {
            continue;
        }
        match grouped(bare, ty) {
            Grouped::No => {}
            Grouped::Ambiguous => return Mended::Refused(ParseRule::ThousandsSeparator),
            Grouped::Yes(clean) => {
                if let Some(value) = read(&clean, ty) {
                    let rules = decorated.into_iter().chain([ParseRule::ThousandsSeparator]);
                    return Mended::Yes(value, rules.collect());
                }
            }
        }
    }
    Mended::No
}

fn read(text: &str, ty: &FieldType) -> Option<Value> {
    // The minus of typesetters is a minus.
    let text =
        text.strip_prefix('\u{2212}').map_or(Cow::Borrowed(text), |rest| Cow::Owned(format!("-{rest}")));
    scalar::read(&Value::from(&*text), ty).map(|(value, _)| value)
}

/// The text trimmed, and then with one layer of marks less at a time: fences, backticks, bold, a last stop.
fn layers<'t>(text: &'t str, stops: &[char]) -> Vec<&'t str> {
    let mut layers = vec![text.trim()];
    let mut stopped = false;
    while let Some(&outer) = layers.last() {
        let inner = without_marks(outer).or_else(|| {
            let first = !std::mem::replace(&mut stopped, true);
            outer.strip_suffix(stops).filter(|_| first)
        });
        match inner {
            Some(inner) if layers.len() < 8 => layers.push(inner.trim()),
            _ => break,
        }
    }
    layers
}

fn without_marks(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_prefix("```").and_then(|t| t.strip_suffix("```")) {
        // What stands behind the fence on its line is the name of a language.
        return Some(match inner.split_once('\n') {
            Some((language, code)) if language.chars().all(|c| !c.is_whitespace()) => code,
            _ => inner,
        });
    }
    let between = |mark: &str| {
        let inner = text.strip_prefix(mark)?.strip_suffix(mark)?;
        // `*a* or *b*` is not one thing in marks.
        (!inner.is_empty() && !inner.contains(mark)).then_some(inner)
    };
    ["**", "__", "`", "*"].into_iter().find_map(between)
}

/// A number with commas.
enum Grouped {
    No,
    /// `1,234` where a fraction is possible: the comma may be a decimal comma.
    Ambiguous,
    /// The number without its commas.
    Yes(String),
}

fn grouped(text: &str, ty: &FieldType) -> Grouped {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = body.split_once('.').map_or((body, None), |(w, f)| (w, Some(f)));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or_default();
    let (mut count, mut three) = (0, true);
    for group in groups {
        count += 1;
        three &= group.len() == 3 && digits(group);
    }
    let head_fits = (1..=3).contains(&head.len()) && digits(head) && !head.starts_with('0');
    if count == 0 || !three || !head_fits || !fraction.is_none_or(|f| !f.is_empty() && digits(f)) {
        return Grouped::No;
    }
    if count == 1 && fraction.is_none() && !matches!(ty, FieldType::Int) {
        return Grouped::Ambiguous;
    }
    Grouped::Yes(text.replace(',', ""))
}

/// The place of the only choice that the text means when capitals and marks do not count. The error says whether
/// there are several.
pub(super) fn choice(text: &str, choices: &[Vec<Cow<'_, str>>]) -> Result<usize, bool> {
    // What is spelled exactly as one choice is that choice, even where another differs only in capitals.
    for bare in layers(text, &['.', '!']) {
        for bare in [bare, unquoted(bare)] {
            for same in [same_text, same_letters] {
                let found: Vec<usize> =
                    (0..choices.len()).filter(|i| choices[*i].iter().any(|c| same(c, bare))).collect();
                match found.as_slice() {
                    [] => {}
                    [one] => return Ok(*one),
                    _ => return Err(true),
                }
            }
        }
    }
    Err(false)
}

fn same_text(choice: &str, text: &str) -> bool {
    choice == text
}

fn same_letters(choice: &str, text: &str) -> bool {
    // Small letters are up to three times as long; a longer text need not be made small.
    text.len() <= 3 * choice.len() && choice.trim().to_lowercase() == text.to_lowercase()
}

fn unquoted(text: &str) -> &str {
    let pairs = [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}'), ('(', ')')];
    pairs
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close))
        .map_or(text, str::trim)
}
