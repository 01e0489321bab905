//! Keywords in words, for the descriptions of dialects that do not have them.

use serde_json::Value as Json;

/// What a keyword says, as a sentence; none for one that binds nothing.
pub(super) fn sentence(kind: &str, key: &str, value: &Json) -> Option<String> {
    let unit = match kind {
        "string" => plural(value, "character"),
        "array" => plural(value, "item"),
        "object" => plural(value, "key"),
        _ => String::new(),
    };
    let shown = shown(value);
    Some(match key {
        "minimum" | "ge" => format!("At least {shown}."),
        "maximum" | "le" => format!("At most {shown}."),
        "exclusiveMinimum" | "gt" => format!("More than {shown}."),
        "exclusiveMaximum" | "lt" => format!("Less than {shown}."),
        "multipleOf" | "multiple_of" => format!("A multiple of {shown}."),
        "minLength" | "minItems" | "minProperties" | "min_length" => format!("At least {shown}{unit}."),
        "maxLength" | "maxItems" | "maxProperties" | "max_length" => format!("At most {shown}{unit}."),
        "pattern" => format!("Matches the regular expression `{shown}`."),
        "format" if kind != "string" => return None, // `int64` and the like: the size of a Rust number
        "format" => format!("In the format `{shown}`."),
        "uniqueItems" if *value == Json::Bool(true) => "No item twice.".into(),
        "examples" => format!("For example {shown}."),
        "contentEncoding" => format!("Encoded as {shown}."),
        "allow_inf_nan" if *value == Json::Bool(false) => "A finite number.".into(),
        "not"
        | "if"
        | "then"
        | "else"
        | "contains"
        | "minContains"
        | "maxContains"
        | "dependentRequired"
        | "dependentSchemas"
        | "propertyNames"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "allOf" => {
            format!("By the JSON Schema keyword `{key}`: {value}.")
        }
        _ => return None,
    })
}

/// A description and the sentences after it.
pub(super) fn described(description: Option<&str>, sentences: &[String]) -> Option<String> {
    let mut out = description.unwrap_or_default().trim().to_owned();
    for sentence in sentences {
        if !out.is_empty() {
            out.push_str(if out.ends_with(['.', '!', '?', ':', ';']) { " " } else { ". " });
        }
        out.push_str(sentence);
    }
    (!out.is_empty()).then_some(out)
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn plural(count: &Json, unit: &str) -> String {
    if count.as_u64() == Some(1) { format!(" {unit}") } else { format!(" {unit}s") }
}
