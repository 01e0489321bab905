//! What the JSON form has of its own: the object of the system message, the turns of demonstrations, and reminders.

use serde_json::Value as Json;

use super::same_bytes;
use crate::outcome::Outcome;

/// The names in backticks, in the order of a reminder.
pub(super) fn names(reminder: &str) -> Vec<&str> {
    reminder.split('`').skip(1).step_by(2).collect()
}

/// The object that shows the outputs: where it starts and ends in the text, and what stands behind the place of each.
pub(super) fn find_object(text: &str, from: usize, outputs: &[&str]) -> Option<(usize, usize, Vec<String>)> {
    if outputs.is_empty() {
        let start = from + text.get(from..)?.find("\n\n{}")? + "\n\n".len();
        return Some((start, start + "{}".len(), Vec::new()));
    }
    // Other texts may look like an object, so every start is tried.
    text.get(from..)?.match_indices("\n\n{\n").find_map(|(at, blank)| {
        let start = from + at + blank.len() - "{\n".len();
        let mut objects = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Json>();
        let object = objects.next()?.ok()?;
        let end = start + objects.byte_offset();
        let members = object.as_object()?;
        if members.keys().ne(outputs.iter().copied()) {
            return None;
        }
        let hint = |(name, place): (&String, &Json)| {
            place.as_str()?.strip_prefix(&format!("{{{name}}}")).map(str::to_owned)
        };
        let hints = members.iter().map(hint).collect::<Option<Vec<_>>>()?;
        let lines: Vec<String> =
            members.iter().map(|(name, place)| format!("  {}: {place}", Json::from(name.as_str()))).collect();
        (text[start..end] == format!("{{\n{}\n}}", lines.join(",\n"))).then_some((start, end, hints))
    })
}

/// The turn of a demonstration: DSPy's bytes, but for the outputs that it lacks.
pub(super) fn assistant(
    want: &Json,
    got: &Json,
    lacking: &[String],
    missing_output: Option<&str>,
) -> Outcome {
    let (Some(want_text), Some(missing)) = (want["content"].as_str(), missing_output) else {
        return same_bytes("content", &want["content"], &got["content"]);
    };
    let lines: Vec<String> = want_text
        .split('\n')
        .map(|line| {
            let head = lacking.iter().map(|name| format!("  {}: ", Json::from(name.as_str())));
            match head.into_iter().find(|head| line.starts_with(head.as_str())) {
                Some(head) => {
                    let comma = if line.ends_with(',') { "," } else { "" };
                    format!("{head}{}{comma}", Json::from(missing))
                }
                None => line.to_owned(),
            }
        })
        .collect();
    same_bytes("content", &Json::from(lines.join("\n")), &got["content"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_among_others() {
        let text = "x\n\n{\n  \"a\": 1\n}\n\n{\n  \"a\": \"{a} # n\",\n  \"b\": \"{b}\"\n}\nend";
        let (start, end, hints) = find_object(text, 0, &["a", "b"]).unwrap();
        assert_eq!((&text[start..=start], &text[end..]), ("{", "\nend"));
        assert_eq!(hints, [" # n", ""]);
        assert_eq!(find_object(text, 0, &["b", "a"]), None);
        assert_eq!(find_object(text, start, &["a", "b"]), None);
        assert_eq!(names("write `a`, `b`."), ["a", "b"]);
    }
}
