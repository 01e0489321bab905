//! The label of a field, made from its name.

/// The words of a field name as DSPy labels it: `userID` gives `User ID`, `text2number` gives `Text 2 Number`.
///
/// Source: DSPy's `infer_prefix`: words end before a capital that starts a word, between a small
/// letter or digit and a capital, and between letters and digits; underscores become spaces; a word in capitals
/// stays, any other is capitalized and its rest lower-cased.
///
/// ```
/// use dspex_core::infer_prefix;
/// assert_eq!(infer_prefix("snake_case_text"), "Snake Case Text");
/// assert_eq!(infer_prefix("GPT4o"), "GPT 4 O");
/// ```
pub fn infer_prefix(name: &str) -> String {
    let spaced = between(&before_words(name), |a, b| {
        (a.is_ascii_lowercase() || a.is_ascii_digit()) && b.is_ascii_uppercase()
    });
    let spaced = between(&spaced, |a, b| a.is_ascii_alphabetic() && is_digit(b));
    let spaced = between(&spaced, |a, b| is_digit(a) && b.is_ascii_alphabetic());
    spaced.split('_').map(label_word).collect::<Vec<_>>().join(" ")
}

/// Python's `\d`: any decimal digit, of any script.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && c.to_digit(10).is_none() && is_decimal(c))
}

/// Decimal digits beyond ASCII come in runs of ten that start at these code points (Unicode category Nd).
fn is_decimal(c: char) -> bool {
    const ZEROS: [u32; 20] = [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
        0xf20, 0x1040, 0x17e0, 0x1810, 0xa620, 0xff10,
    ];
    ZEROS.iter().any(|zero| (*zero..*zero + 10).contains(&(c as u32)))
}

/// An underscore before each capital that small letters follow, unless it starts the name: `HTTPServer` to
/// `HTTP_Server`. A match takes the character before, the capital and the small letters, so matches do not overlap.
fn before_words(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    let mut i = 0;
    while i < chars.len() {
        let starts_word = chars.get(i + 1).is_some_and(char::is_ascii_uppercase)
            && chars.get(i + 2).is_some_and(char::is_ascii_lowercase)
            && chars[i] != '\n';
        out.push(chars[i]);
        i += 1;
        if starts_word {
            out.push('_');
            out.push(chars[i]);
            i += 1;
            while i < chars.len() && chars[i].is_ascii_lowercase() {
                out.push(chars[i]);
                i += 1;
            }
        }
    }
    out
}

/// An underscore between each two neighbours that the rule tells apart; a match uses up both.
fn between(name: &str, apart: impl Fn(char, char) -> bool) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    let mut i = 0;
    while i < chars.len() {
        out.push(chars[i]);
        if i + 1 < chars.len() && apart(chars[i], chars[i + 1]) {
            out.push('_');
            out.push(chars[i + 1]);
            i += 1;
        }
        i += 1;
    }
    out
}

fn label_word(word: &str) -> String {
    let is_upper = word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase);
    if is_upper {
        return word.to_owned();
    }
    let mut chars = word.chars();
    match chars.next() {
        None => String::new(),
        Some(first) => titlecase(first) + &chars.as_str().to_lowercase(),
    }
}

/// Python capitalizes to title case, which differs from upper case for ligatures and digraphs only.
fn titlecase(c: char) -> String {
    match c {
        'ǆ' | 'Ǆ' => "ǅ".into(),
        'ǉ' | 'Ǉ' => "ǈ".into(),
        'ǌ' | 'Ǌ' => "ǋ".into(),
        'ǳ' | 'Ǳ' => "ǲ".into(),
        'ŉ' => "ʼN".into(),
        // One that becomes several letters, such as `ß`, has only the first of them in capitals.
        c => {
            let mut upper = c.to_uppercase();
            upper.next().into_iter().chain(upper.flat_map(char::to_lowercase)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::infer_prefix;

    #[test]
    fn words_as_dspy_labels_them() {
        let table = [
            ("HTMLParser", "HTML Parser"),
            ("ABc", "A Bc"),
            ("userID", "User ID"),
            ("double__under", "Double  Under"),
            ("_private", " Private"),
            ("version2beta", "Version 2 Beta"),
            ("ÉtéName", "Été Name"),
            ("ßa_ﬁx", "Ssa Fix"),
            ("", ""),
        ];
        for (name, label) in table {
            assert_eq!(infer_prefix(name), label, "{name}");
        }
    }
}
